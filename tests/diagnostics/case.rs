//! One broken project.

use std::fs;
use std::path::{Path, PathBuf};

use nightshift_app::Workspace;
use nightshift_diagnostic::{Diagnostic, Diagnostics};

const OPEN: char = '⟦';
const CLOSE: char = '⟧';

/// The base project with some files replaced or added, and what must be said about it.
pub(crate) struct Case {
    pub(crate) name: String,
    /// As [`shown`], in the order of the files and places.
    pub(crate) expected: Vec<String>,
    files: Vec<(PathBuf, String)>,
}

impl Case {
    /// The base project as it is.
    pub(crate) fn sound() -> Self {
        Self { name: String::new(), expected: Vec::new(), files: Vec::new() }
    }

    /// One case for each `cases/<code>/<name>`.
    pub(crate) fn all() -> Vec<Self> {
        let codes = folders(&folder().join("cases"));
        codes.iter().flat_map(|code| folders(code).into_iter().map(|path| Self::one(&file_name(code), &path))).collect()
    }

    fn one(code: &str, path: &Path) -> Self {
        let name = format!("{code}/{}", file_name(path));
        let case = Self::read(&name, path, &[code]);
        assert_eq!((case.files.len(), case.expected.len()), (1, 1), "{name} has one file with one mark");
        case
    }

    /// The files below a folder; their marks, in the order of files and places, are where the codes belong.
    pub(crate) fn read(name: &str, path: &Path, codes: &[&str]) -> Self {
        let mut case = Self { name: name.to_owned(), ..Self::sound() };
        let mut codes = codes.iter();
        for relative in files(path, Path::new("")) {
            let (text, places) = unmarked(&fs::read_to_string(path.join(&relative)).unwrap());
            for place in places {
                let code = codes.next().unwrap_or_else(|| panic!("{name} has more marks than codes"));
                case.expected.push(format!("{}:{place} {code}", relative.display()));
            }
            case.files.push((relative, text));
        }
        assert!(codes.next().is_none(), "{name} has fewer marks than codes");
        case
    }

    /// What `nightshift check` finds in the project.
    pub(crate) async fn problems(&self) -> Diagnostics {
        let place = self.place();
        let (_, problems) = Workspace::open(place.path(), None).await.unwrap();
        problems
    }

    /// The project in a folder of its own.
    pub(crate) fn place(&self) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        let base = folder().join("base");
        for relative in files(&base, Path::new("")) {
            write(place.path(), &relative, &fs::read_to_string(base.join(&relative)).unwrap());
        }
        for (relative, text) in &self.files {
            write(place.path(), relative, text);
        }
        place
    }
}

/// `file:line:column `words` code`: what a diagnostic points at.
pub(crate) fn shown(problem: &Diagnostic) -> String {
    let Some(location) = &problem.location else { return format!("nowhere {}", problem.code) };
    let start = location.span.start;
    format!("{}:{}:{} `{}` {}", location.file.path.display(), start.line, start.column, location.text(), problem.code)
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("diagnostics")
}

pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// The folders in a folder, in alphabetical order.
pub(crate) fn folders(path: &Path) -> Vec<PathBuf> {
    entries(path).into_iter().filter(|path| path.is_dir()).collect()
}

/// The files below a folder, relative to it, in alphabetical order.
fn files(root: &Path, relative: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in entries(&root.join(relative)) {
        let inside = relative.join(path.file_name().unwrap());
        if path.is_dir() {
            found.extend(files(root, &inside));
        } else {
            found.push(inside);
        }
    }
    found
}

fn entries(path: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn write(root: &Path, relative: &Path, text: &str) {
    let path = root.join(relative);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The text without its marks, and for each of them `line:column `words``.
fn unmarked(marked: &str) -> (String, Vec<String>) {
    let mut text = String::new();
    let mut places = Vec::new();
    let mut rest = marked;
    while let Some((before, after)) = rest.split_once(OPEN) {
        text.push_str(before);
        let (words, after) = after.split_once(CLOSE).expect("a mark that opens also closes");
        let line = text.matches('\n').count() + 1;
        let column = text.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
        places.push(format!("{line}:{column} `{words}`"));
        text.push_str(words);
        rest = after;
    }
    text.push_str(rest);
    (text, places)
}
