//! Reading files and folders of a project.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nightshift_diagnostic::{Diagnostic, Diagnostics, SourceText, codes};

/// The entries of a folder in alphabetical order, files and folders apart. A folder that does not exist is empty.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) folders: Vec<PathBuf>,
}

/// Lists a folder; hidden entries are left out. One that cannot be read is reported.
pub(crate) fn list(root: &Path, relative: &str, problems: &mut Diagnostics) -> Folder {
    let path = root.join(relative);
    let mut paths = match entries(&path) {
        Ok(paths) => paths,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            let message = format!("cannot read the folder {relative}: {error}");
            problems.push(Diagnostic::error(codes::UNREADABLE_FILE, message));
            Vec::new()
        }
    };
    paths.sort();
    let (folders, files) = paths.into_iter().partition(|path| path.is_dir());
    Folder { files, folders }
}

fn entries(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if !name(&path).starts_with('.') {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// The file's name as text.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Reads a file of the project as text, without the mark that some editors put before it. One that cannot be read is reported.
pub(crate) fn read(root: &Path, path: &Path, problems: &mut Diagnostics) -> Option<Arc<SourceText>> {
    let shown = path.strip_prefix(root).unwrap_or(path);
    let unreadable = |reason: String| {
        let empty = SourceText::new(shown, "");
        Diagnostic::error(codes::UNREADABLE_FILE, format!("cannot read this file: {reason}")).at(empty.first_line())
    };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            problems.push(unreadable(error.to_string()));
            return None;
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => Some(SourceText::new(shown, text.strip_prefix('\u{feff}').unwrap_or(&text))),
        Err(error) => {
            let line = error.as_bytes().iter().take(error.utf8_error().valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
            problems.push(unreadable(format!("line {line} is not UTF-8")).hint("save it as UTF-8"));
            None
        }
    }
}

/// Reports a file that nobody will read where it lies.
pub(crate) fn misplaced(root: &Path, path: &Path, message: &str, hint: String, problems: &mut Diagnostics) {
    let file = SourceText::new(path.strip_prefix(root).unwrap_or(path), "");
    problems.push(Diagnostic::warning(codes::MISPLACED_FILE, message).at(file.first_line()).hint(hint));
}
