//! From a folder to a project.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nightshift_calendar::Grain;
use nightshift_diagnostic::{Diagnostics, SourceText, Span, did_you_mean};

use crate::names::{self, Names};
use crate::yaml::{self, Node, Reader};
use crate::{Definition, DefinitionKind, Error, PROJECT_FILE, Pipeline, Project, ReportHeader, Result, RollupHeader, SourceHeader, folder, header, settings};

impl Project {
    /// Loads all that can be loaded of the project in `root`, and reports all that is wrong with it at once. With `target`, paths and
    /// limits are those of that target.
    ///
    /// A definition whose header is broken is still there, with what could be read of it, so that its SQL can be looked at as well.
    ///
    /// # Errors
    /// [`Error::NotAProject`] if the folder has no `nightshift.yaml`, [`Error::Read`] if it cannot be read.
    pub fn load(root: &Path, target: Option<&str>) -> Result<(Self, Diagnostics)> {
        let root = std::path::absolute(root).map_err(|source| Error::Read { path: root.to_path_buf(), source })?;
        let file = root.join(PROJECT_FILE);
        if !file.is_file() {
            return Err(Error::NotAProject { root });
        }
        let mut problems = Diagnostics::new();
        let text = folder::read(&root, &file, &mut problems).unwrap_or_else(|| SourceText::new(PROJECT_FILE, ""));
        let settings = settings::read(&root, &text, target, &mut problems);
        let mut loader = Loader { root: &root, names: Names::default(), problems };
        let sources = loader.sources();
        let rollups = loader.rollups();
        let reports = loader.reports();
        let pipelines = loader.pipelines();
        let problems = loader.problems.sorted();
        let target = target.map(str::to_owned);
        let settings::Settings { name, calendar, paths, limits, maintenance, refresh } = settings;
        Ok((Self { root, name, target, calendar, paths, limits, maintenance, refresh, sources, rollups, reports, pipelines }, problems))
    }
}

struct Loader<'a> {
    root: &'a Path,
    names: Names,
    problems: Diagnostics,
}

/// What is common to all definitions.
struct File {
    name: String,
    path: PathBuf,
    text: Arc<SourceText>,
    test: Option<PathBuf>,
}

impl Loader<'_> {
    fn sources(&mut self) -> Vec<Definition<SourceHeader>> {
        let files = self.definition_files("sql/sources", DefinitionKind::Source);
        let read = |file| self.definition(file, DefinitionKind::Source, SourceHeader::unread, SourceHeader::read);
        files.into_iter().map(read).collect()
    }

    fn rollups(&mut self) -> Vec<Definition<RollupHeader>> {
        self.check_grain_folders();
        let mut rollups = Vec::new();
        for grain in Grain::ALL {
            let files = self.definition_files(&format!("sql/rollups/{}", grain.folder()), DefinitionKind::Rollup);
            rollups.extend(files.into_iter().map(|file| {
                self.definition(
                    file,
                    DefinitionKind::Rollup,
                    || RollupHeader::unread(grain),
                    |reader, node, word| RollupHeader::read(reader, node, word, grain),
                )
            }));
        }
        rollups
    }

    fn reports(&mut self) -> Vec<Definition<ReportHeader>> {
        let files = self.definition_files("reports", DefinitionKind::Report);
        let read = |file| self.definition(file, DefinitionKind::Report, ReportHeader::default, ReportHeader::read);
        files.into_iter().map(read).collect()
    }

    fn pipelines(&mut self) -> Vec<Pipeline> {
        let entries = folder::list(self.root, "pipelines", &mut self.problems);
        let mut pipelines = Vec::new();
        for path in entries.files {
            let file_name = folder::name(&path);
            let Some(name) = file_name.strip_suffix(".yaml") else {
                if file_name.ends_with(".yml") {
                    self.misplaced(&path, "a pipeline's file ends in `.yaml`", "rename it".to_owned());
                }
                continue;
            };
            let Some(text) = folder::read(self.root, &path, &mut self.problems) else { continue };
            names::check(name, &text, &mut self.problems);
            let Some(node) = yaml::parse(&text, &text.text, &mut self.problems) else { continue };
            let (pipeline, problems) = Pipeline::read(name.to_owned(), path, &text, &node, &self.names);
            pipelines.extend(pipeline);
            self.problems.extend(problems);
        }
        pipelines
    }

    /// The SQL files of a folder; names are checked and taken.
    fn definition_files(&mut self, relative: &str, kind: DefinitionKind) -> Vec<File> {
        let entries = folder::list(self.root, relative, &mut self.problems);
        self.check_nested(&entries.folders, relative);
        let mut files = Vec::new();
        for path in &entries.files {
            let file_name = folder::name(path);
            if let Some(stem) = file_name.strip_suffix(".test.yaml")
                && !path.with_file_name(format!("{stem}.sql")).is_file()
            {
                self.misplaced(path, "a test lies beside the file that it tests", format!("there is no `{stem}.sql` here"));
            }
            let Some(name) = file_name.strip_suffix(".sql") else { continue };
            let Some(text) = folder::read(self.root, path, &mut self.problems) else { continue };
            names::check(name, &text, &mut self.problems);
            if self.names.take(name, kind, text.first_line(), &mut self.problems) {
                let test = Some(path.with_file_name(format!("{name}.test.yaml"))).filter(|test| test.is_file());
                files.push(File { name: name.to_owned(), path: path.clone(), text, test });
            }
        }
        files
    }

    fn definition<H>(
        &mut self,
        file: File,
        kind: DefinitionKind,
        unread: impl FnOnce() -> H,
        read: impl for<'a> FnOnce(&'a Reader<'a>, &'a Node, Span) -> Option<H>,
    ) -> Definition<H> {
        let File { name, path, text, test } = file;
        let mut problems = Diagnostics::new();
        let found = header::read(&text, kind, &mut problems);
        let header = found.as_ref().and_then(|found| {
            let reader = Reader::new(&text);
            let header = read(&reader, &found.node, found.word);
            problems.extend(reader.finish());
            header
        });
        let header_is_sound = !problems.has_errors();
        self.problems.extend(problems);
        let header::Header { span, word, node } = found.unwrap_or_else(|| header::Header::absent(&text));
        let header = header.unwrap_or_else(unread);
        Definition { name, kind, header, header_is_sound, header_span: span, text, path, test, word_span: word, node }
    }

    /// Rollups lie one folder deeper, in that of their grain.
    fn check_grain_folders(&mut self) {
        let entries = folder::list(self.root, "sql/rollups", &mut self.problems);
        let folders = || Grain::ALL.into_iter().map(Grain::folder);
        for path in entries.files.iter().filter(|path| folder::name(path).ends_with(".sql")) {
            let hint = format!("move it to one of {}", yaml::list(folders()));
            self.misplaced(path, "a rollup lies in the folder of its grain", hint);
        }
        for path in &entries.folders {
            let name = folder::name(path);
            if !folders().any(|folder| folder == name) {
                let hint = did_you_mean(&name, folders()).unwrap_or_else(|| format!("it is one of {}", yaml::list(folders())));
                self.misplaced(path, &format!("there is no grain `{name}`: its rollups are not read"), hint);
            }
        }
    }

    fn check_nested(&mut self, folders: &[PathBuf], relative: &str) {
        for folder in folders {
            let inside = format!("{relative}/{}", folder::name(folder));
            let nested = folder::list(self.root, &inside, &mut self.problems);
            for path in nested.files.iter().filter(|path| folder::name(path).ends_with(".sql")) {
                self.misplaced(path, "this file is not read: it lies too deep", format!("move it to {relative}"));
            }
        }
    }

    fn misplaced(&mut self, path: &Path, message: &str, hint: String) {
        folder::misplaced(self.root, path, message, hint, &mut self.problems);
    }
}
