//! Upserts against a model that keeps every row of every file.

use std::collections::BTreeMap;
use std::fs;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::place::{Place, copy};
use crate::Keep;

/// Every file stays as long as a row of it does.
const STAYS: Keep = Keep { rows: 0, share: 1 };

const HEADER: &str = "/* source\ntitle: T\nformat: csv\nload: {upsert: {key: [KEY], watermark: at, delete_when: gone}}\nPARTITION\n*/\n";

fn contract(key: &str, partition: &str, id: &str) -> String {
    let header = HEADER.replace("KEY", key).replace("PARTITION", partition);
    format!(
        "{header}CREATE TABLE t (id {id}, area VARCHAR NOT NULL, at TIMESTAMP, happened TIMESTAMP NOT NULL, value INTEGER CHECK (value < 90), gone BOOLEAN)"
    )
}

/// A file of a few rows, some of which break the contract.
fn file(random: &mut ChaCha8Rng) -> String {
    let mut text = "id,area,at,happened,value,gone\n".to_owned();
    for _ in 0..random.random_range(0..12) {
        let id = if random.random_ratio(1, 12) { "x".to_owned() } else { random.random_range(0..9).to_string() };
        let area = random.random_range(0..2);
        let at = random.random_range(1..6);
        let month = random.random_range(1..4);
        let (value, gone) = (random.random_range(0..100), random.random_ratio(1, 6));
        text.push_str(&format!("{id},a{area},2026-01-01 00:00:0{at},2026-0{month}-15 12:00:00,{value},{gone}\n"));
    }
    text
}

/// The file with one line of another file in the place of one of its own.
fn edited(random: &mut ChaCha8Rng, text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let other = file(random);
    if let (Some(line), 2..) = (other.lines().nth(1), lines.len()) {
        let changed = random.random_range(1..lines.len());
        line.clone_into(&mut lines[changed]);
    }
    lines.join("\n") + "\n"
}

/// What must stand in the table: for each key the good row with the greatest (watermark, file, line).
fn model(files: &BTreeMap<String, String>, key_has_area: bool) -> Vec<String> {
    let mut winners: BTreeMap<String, (String, String, usize, String)> = BTreeMap::new();
    for (identity, text) in files {
        for (index, line) in text.lines().enumerate().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            if fields[0] == "x" || fields[4].parse::<i32>().unwrap() >= 90 {
                continue;
            }
            let key = if key_has_area { format!("{}/{}", fields[0], fields[1]) } else { fields[0].to_owned() };
            let row = format!("{}|{}|{}|{}|{identity}|{}", fields[0], fields[1], fields[4], fields[5], index + 1);
            let entry = (fields[2].to_owned(), identity.clone(), index, row);
            let best = winners.entry(key).or_insert_with(|| entry.clone());
            if (&entry.0, &entry.1, entry.2) > (&best.0, &best.1, best.2) {
                *best = entry;
            }
        }
    }
    let mut rows: Vec<String> = winners.into_values().map(|(_, _, _, row)| row).collect();
    rows.sort();
    rows
}

/// Whether rows went out of files that stayed.
async fn compare(seed: u64, contract: &str, key_has_area: bool, keep: Keep) -> bool {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut place = Place::new(contract);
    place.keep = keep;
    let mut kept = false;
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut earlier: Vec<(String, String)> = Vec::new();
    for step in 0..10 {
        for _ in 0..random.random_range(1..3) {
            let (identity, text) = match (random.random_range(0..4), files.len()) {
                (2, 1..) => {
                    let (identity, text) = files.iter().nth(random.random_range(0..files.len())).unwrap();
                    (identity.clone(), if random.random() { file(&mut random) } else { edited(&mut random, text) })
                }
                (3, 1..) => earlier[random.random_range(0..earlier.len())].clone(),
                _ => (format!("2026-01-{:02}/t.csv", random.random_range(1..29)), file(&mut random)),
            };
            place.arrive(&identity, &text);
            earlier.push((identity.clone(), text.clone()));
            files.insert(identity, text);
        }
        let crash = random.random_ratio(1, 3) && place.path("lake/source/t").exists();
        if crash {
            copy(&place.path("lake/source/t"), &place.path("backup"));
        }
        place.ingest().await;
        if crash {
            // The process died before the table's own commit; the other two tables have theirs.
            fs::remove_dir_all(place.path("lake/source/t")).unwrap();
            fs::rename(place.path("backup"), place.path("lake/source/t")).unwrap();
            if random.random() {
                let changed = files.keys().nth(random.random_range(0..files.len())).unwrap().clone();
                let text = file(&mut random);
                place.arrive(&changed, &text);
                files.insert(changed, text);
            }
            place.ingest().await;
        }
        let found = place.rows("source/t", &["id", "area", "value", "gone", "_file", "_line"]).await;
        assert_eq!(found, model(&files, key_has_area), "seed {seed}, step {step}");
        let tombstones = place.rows("source/t", &["gone", "_deleted"]).await;
        assert!(tombstones.iter().all(|row| row == "true|true" || row == "false|false"), "{tombstones:?}");
        let bad: usize = files.values().flat_map(|text| text.lines().skip(1)).filter(|line| is_bad(line)).count();
        assert_eq!(place.rows("review/t", &["file", "line"]).await.len(), bad, "seed {seed}, step {step}");
        let version = place.version("source/t").await;
        assert!(place.plan().await.is_nothing());
        place.ingest().await;
        assert_eq!(place.version("source/t").await, version);
        kept |= place.snapshot("source/t").await.is_some_and(|table| table.files().iter().any(|file| file.gone() > 0));
    }
    kept
}

fn is_bad(line: &str) -> bool {
    let fields: Vec<&str> = line.split(',').collect();
    fields[0] == "x" || fields[4].parse::<i32>().unwrap() >= 90
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_is_what_all_files_say_whatever_came_when() {
    for (seed, keep) in [(0, Keep::default()), (1, STAYS), (2, STAYS)] {
        let by_id = compare(seed, &contract("id", "", "BIGINT"), false, keep).await;
        let by_area = compare(seed, &contract("area, id", "partition: {month: happened}", "BIGINT"), true, keep).await;
        let by_decimal = compare(seed, &contract("id", "partition: {month: happened}", "DECIMAL(5, 0)"), false, keep).await;
        assert_eq!(by_id || by_area || by_decimal, keep == STAYS);
    }
}

/// Many rows in little memory: rows and keys go to disk, and the table is the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn little_memory_is_enough() {
    let place = Place::new(&contract("id", "partition: {month: happened}", "BIGINT")).with_memory(1024 * 1024);
    let mut files = BTreeMap::new();
    for day in 1..4 {
        let mut text = "id,area,at,happened,value,gone\n".to_owned();
        for row in 0..3000 {
            let (id, month) = (row % 2500, 1 + row % 3);
            text.push_str(&format!("{id},a,2026-01-01 00:00:0{day},2026-0{month}-15 12:00:00,{day},false\n"));
        }
        let identity = format!("2026-01-0{day}/t.csv");
        place.arrive(&identity, &text);
        files.insert(identity, text);
        if day > 1 {
            place.ingest().await;
        }
    }
    assert_eq!(place.rows("source/t", &["id", "area", "value", "gone", "_file", "_line"]).await, model(&files, false));
}

/// Keys too many to list and too far apart for a bit each are looked for among the rows that lie between them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_far_apart_are_found() {
    let place = Place::new(&contract("id", "", "BIGINT")).with_memory(64 * 1024 * 1024);
    let far_apart = |row: i64| row.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed());
    let mut files = BTreeMap::new();
    for (day, step) in [(1, 1), (2, 2)] {
        let mut text = "id,area,at,happened,value,gone\n".to_owned();
        for row in (0..3000).step_by(step) {
            text.push_str(&format!("{},a,2026-01-01 00:00:0{day},2026-01-15 12:00:00,{day},false\n", far_apart(row)));
        }
        let identity = format!("2026-01-0{day}/t.csv");
        place.arrive(&identity, &text);
        files.insert(identity, text);
        place.ingest().await;
    }
    let found = place.rows("source/t", &["id", "area", "value", "gone", "_file", "_line"]).await;
    assert_eq!((found.len(), found), (3000, model(&files, false)));
}
