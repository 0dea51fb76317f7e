//! Fingerprints of definitions: the same however a query is written, another with every change of what it means.
//!
//! Each file in `fingerprints/` is a definition with variants of it. It begins with the line `-- grain: …`, the folder that the rollup lies in, and
//! with a line `-- with: …` for each rollup of this repository that it reads. A line `-- same: …` or `-- other: …` begins a variant and says what is
//! another; below it, `-- grain: …` puts the variant into another folder. A variant without a header has the definition's.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use nightshift_app::Workspace;

#[tokio::test]
async fn a_fingerprint_changes_with_the_meaning_and_with_nothing_else() {
    let cases = all();
    assert_eq!(cases.len(), 52);
    let place = Place::new();
    for case in &cases {
        case.write_into(&place);
    }
    let workspace = place.open().await;
    let mut wrong: Vec<String> = cases.iter().flat_map(|case| case.wrong(&workspace)).collect();
    wrong.extend(alike(&cases, &workspace));
    for surrounding in SURROUNDINGS {
        let case = cases.iter().find(|case| case.name == surrounding.definition).unwrap();
        wrong.extend(surrounding.wrong(case, &workspace).await);
    }
    let variants = cases.iter().map(|case| case.variants.len()).sum::<usize>() + SURROUNDINGS.len();
    assert!(wrong.is_empty(), "{} of {variants} variants:\n{}", wrong.len(), wrong.join("\n"));
    let lines: Vec<String> = cases.iter().map(|case| format!("{} {}", case.name, case.fingerprint(&workspace).unwrap())).collect();
    snapshot(&lines.join("\n"));
}

/// A definition and what it is compared with.
struct Case {
    /// The file's stem.
    name: String,
    /// The rollups of this repository that it reads, by their files.
    reads: Vec<String>,
    definition: Variant,
    variants: Vec<Variant>,
}

/// One way to write a definition, or something else.
struct Variant {
    is_same: bool,
    why: String,
    /// The folder.
    grain: String,
    /// The whole file.
    text: String,
}

/// The cases in the order of their names.
fn all() -> Vec<Case> {
    let mut files: Vec<PathBuf> = fs::read_dir(cases()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| read(file)).collect()
}

fn read(file: &Path) -> Case {
    let name = file.file_stem().unwrap().to_string_lossy().into_owned();
    let mut reads = Vec::new();
    let mut parts = vec![Variant::begun(true, "")];
    for line in fs::read_to_string(file).unwrap().lines() {
        let part = parts.last_mut().unwrap();
        match line.strip_prefix("-- ").and_then(|line| line.split_once(": ")) {
            Some((word @ ("same" | "other"), why)) => parts.push(Variant::begun(word == "same", why)),
            Some(("grain", folder)) => folder.clone_into(&mut part.grain),
            Some(("with", rollup)) => reads.push(rollup.to_owned()),
            _ => part.text.extend([line, "\n"]),
        }
    }
    let definition = parts.remove(0);
    let header = definition.text.split_once("*/").unwrap_or_else(|| panic!("{name} has a header")).0;
    for variant in &mut parts {
        if !variant.text.starts_with("/* rollup") {
            variant.text = format!("{header}*/\n{}", variant.text);
        }
        if variant.grain.is_empty() {
            variant.grain.clone_from(&definition.grain);
        }
    }
    // Every definition stands there twice, so that a fingerprint that hangs on the name, or on chance, is seen.
    parts.push(Variant { why: "under another name".to_owned(), grain: definition.grain.clone(), text: definition.text.clone(), is_same: true });
    let count = |is_same| parts.iter().filter(|part| part.is_same == is_same).count();
    assert!(count(true) >= 3 && count(false) >= 3, "{name} has too few variants");
    Case { name, reads, definition, variants: parts }
}

impl Variant {
    fn begun(is_same: bool, why: &str) -> Self {
        Self { is_same, why: why.to_owned(), grain: String::new(), text: String::new() }
    }

    fn write_into(&self, place: &Place, rollup: &str) {
        place.write(&format!("sql/rollups/{}/{rollup}.sql", self.grain), &self.text);
    }
}

impl Case {
    /// The rollup that the definition becomes.
    fn rollup(&self) -> String {
        format!("f{}", self.name)
    }

    /// The rollup that a variant becomes.
    fn variant(&self, number: usize) -> String {
        format!("f{}_{number}", self.name)
    }

    fn fingerprint(&self, workspace: &Workspace) -> Result<String, String> {
        fingerprint(workspace, &self.rollup())
    }

    fn write_into(&self, place: &Place) {
        self.write_definition_into(place);
        for (number, variant) in self.variants.iter().enumerate() {
            variant.write_into(place, &self.variant(number));
        }
    }

    fn write_definition_into(&self, place: &Place) {
        for rollup in &self.reads {
            place.bring(rollup);
        }
        self.definition.write_into(place, &self.rollup());
    }

    /// The variants that do not compile, and those with a fingerprint that they should not have.
    fn wrong(&self, workspace: &Workspace) -> Vec<String> {
        let own = match self.fingerprint(workspace) {
            Ok(own) => own,
            Err(problem) => return vec![format!("{}: {problem}", self.name)],
        };
        let mut wrong = Vec::new();
        let mut others: BTreeMap<String, &str> = BTreeMap::new();
        for (number, variant) in self.variants.iter().enumerate() {
            let found = match fingerprint(workspace, &self.variant(number)) {
                Ok(found) => found,
                Err(problem) => {
                    wrong.push(format!("{} -- {}: {}\n    {problem}", self.name, word(variant.is_same), variant.why));
                    continue;
                }
            };
            wrong.extend(compared(&self.name, variant.is_same, &variant.why, &own, &found));
            // What differs from the definition in two ways has two meanings.
            if !variant.is_same
                && found != own
                && let Some(earlier) = others.insert(found.clone(), &variant.why)
            {
                wrong.push(format!("{} -- other: {}\n    the same as other: {earlier}\n    both       {found}", self.name, variant.why));
            }
        }
        wrong
    }
}

/// Definitions that share a fingerprint.
fn alike(cases: &[Case], workspace: &Workspace) -> Vec<String> {
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    let mut alike = Vec::new();
    for case in cases {
        if let Ok(own) = case.fingerprint(workspace)
            && let Some(earlier) = names.insert(own.clone(), &case.name)
        {
            alike.push(format!("{} and {earlier}\n    both       {own}", case.name));
        }
    }
    alike
}

/// One change of a file that is not the definition's own.
struct Surrounding {
    is_same: bool,
    why: &'static str,
    definition: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
}

const SETTINGS: &str = "nightshift.yaml";
const HOLIDAYS: &str = "calendars/holidays.yaml";
const PAYMENT: &str = "sql/sources/payment.sql";
const DELIVERY: &str = "sql/sources/delivery.sql";
const DEPOT_DAILY: &str = "sql/rollups/daily/depot_daily.sql";
const BUSINESS_DATE: &str = "18_business_date";
const OWN_FUNCTIONS: &str = "17_own_functions";
const ROLLUP: &str = "38_rollup_of_rollup";

const SURROUNDINGS: &[Surrounding] = &[
    other("another zone", BUSINESS_DATE, SETTINGS, "timezone: Asia/Taipei", "timezone: Asia/Tokyo"),
    other("the day starts later", BUSINESS_DATE, SETTINGS, "day_starts_at: \"00:00\"", "day_starts_at: \"05:00\""),
    other("another type of a column that is read", BUSINESS_DATE, PAYMENT, "amount      DECIMAL(14, 2)", "amount      DECIMAL(16, 2)"),
    other("a column that is read may be NULL", BUSINESS_DATE, PAYMENT, "method      VARCHAR NOT NULL", "method      VARCHAR"),
    other("another holiday", OWN_FUNCTIONS, HOLIDAYS, "- {date: 2024-10-10,", "- {date: 2024-10-11,"),
    other("the fiscal year starts later", OWN_FUNCTIONS, SETTINGS, "fiscal_year_starts: 1", "fiscal_year_starts: 4"),
    other("the rollup that is read has another condition", ROLLUP, DEPOT_DAILY, "d.status = 'completed'", "d.status = 'failed'"),
    other("a column that the rollup reads has another type", ROLLUP, DELIVERY, "amount       DECIMAL(14, 2)", "amount       DECIMAL(16, 2)"),
    same("the rollup that is read is written in another way", ROLLUP, DEPOT_DAILY, "FROM delivery d\n", "FROM delivery\n    AS d\n"),
    same("the rollup that is read is described in another way", ROLLUP, DEPOT_DAILY, "Completed deliveries of each day.", "What was delivered."),
    same("another title of a contract", BUSINESS_DATE, PAYMENT, "title: Payments", "title: Money"),
    same("a column is described in another way", BUSINESS_DATE, PAYMENT, "description: How it was paid}", "description: Way of payment}"),
    same("another check of a contract", BUSINESS_DATE, PAYMENT, "CHECK (amount > 0)", "CHECK (amount >= 0)"),
    same("another name of the project", BUSINESS_DATE, SETTINGS, "name: lucky-gas", "name: other-gas"),
    same("less memory", BUSINESS_DATE, SETTINGS, "step_memory: 4GiB", "step_memory: 3GiB"),
    same("another holiday, where none is asked for", BUSINESS_DATE, HOLIDAYS, "- {date: 2024-10-10,", "- {date: 2024-10-11,"),
    same("the fiscal year starts later, where no period is asked for", BUSINESS_DATE, SETTINGS, "fiscal_year_starts: 1", "fiscal_year_starts: 4"),
];

const fn same(why: &'static str, definition: &'static str, file: &'static str, from: &'static str, to: &'static str) -> Surrounding {
    Surrounding { is_same: true, why, definition, file, from, to }
}

const fn other(why: &'static str, definition: &'static str, file: &'static str, from: &'static str, to: &'static str) -> Surrounding {
    Surrounding { is_same: false, why, definition, file, from, to }
}

impl Surrounding {
    /// What is wrong with the fingerprint that the definition has in them. `workspace` holds it without them.
    async fn wrong(&self, case: &Case, workspace: &Workspace) -> Option<String> {
        let place = Place::new();
        case.write_definition_into(&place);
        place.edit(self.file, self.from, self.to);
        match (case.fingerprint(workspace), case.fingerprint(&place.open().await)) {
            (Ok(own), Ok(found)) => compared(&case.name, self.is_same, self.why, &own, &found),
            // The case has told that already.
            (Err(_), _) => None,
            (_, Err(problem)) => Some(format!("{} -- {}: {}\n    {problem}", case.name, word(self.is_same), self.why)),
        }
    }
}

fn compared(name: &str, is_same: bool, why: &str, own: &str, found: &str) -> Option<String> {
    (is_same != (own == found)).then(|| format!("{name} -- {}: {why}\n    definition {own}\n    variant    {found}", word(is_same)))
}

const fn word(is_same: bool) -> &'static str {
    if is_same { "same" } else { "other" }
}

/// A rollup's fingerprint, or why it has none.
fn fingerprint(workspace: &Workspace, rollup: &str) -> Result<String, String> {
    workspace.rollup(rollup).map(|rollup| rollup.fingerprint.clone()).map_err(|error| error.to_string())
}

/// The sources, settings and calendar of this repository, in a folder of their own.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.bring(SETTINGS);
        for folder in ["calendars", "sql/sources"] {
            for entry in fs::read_dir(repository().join(folder)).unwrap() {
                place.bring(&format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy()));
            }
        }
        place
    }

    fn bring(&self, file: &str) {
        self.write(file, &fs::read_to_string(repository().join(file)).unwrap());
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.0.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.0.path().join(file)).unwrap();
        assert!(text.contains(from), "{file} has no `{from}`");
        self.write(file, &text.replace(from, to));
    }

    /// The project, also if some of it does not compile.
    async fn open(&self) -> Workspace {
        Workspace::open(self.0.path(), None).await.unwrap_or_else(|error| panic!("{error:?}")).0
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("refresh/fingerprints")
}

fn snapshot(text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("fingerprints", text));
}
