#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use chrono::Days;

use super::*;

const OPTIONS: Options = Options { seed: 7, deliveries_per_day: 120, first_day: date(2024, 11, 20) };

const fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(date) => date,
        None => panic!("no such date"),
    }
}

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("nightshift-generate-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn files(&self, date: NaiveDate) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.0.join(date.to_string())).unwrap().map(|entry| entry.unwrap());
        entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
    }

    fn lines(&self, date: NaiveDate, source: Source) -> Vec<String> {
        let path = self.0.join(date.to_string()).join(source.file_name());
        fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn generator() -> Generator {
    Generator::new(OPTIONS).unwrap()
}

#[test]
fn a_day_alone_is_the_day_in_a_row() {
    let (row, alone) = (Folder::new("row"), Folder::new("alone"));
    let end = OPTIONS.first_day + Days::new(260);
    generator().write_history(OPTIONS.first_day..end, &row.0).unwrap();
    // In the first warm-up, right after it, and with a full one before it; backwards, so that none helps the other.
    for offset in [259, 131, 130, 72, 1, 0] {
        let day = OPTIONS.first_day + Days::new(offset);
        generator().write_day(day, &alone.0).unwrap();
        assert_eq!(alone.files(day).len(), Source::ALL.len());
        assert!(alone.files(day) == row.files(day), "day {offset} differs");
    }
    let mut other = Generator::new(Options { seed: 8, ..OPTIONS }).unwrap();
    other.write_day(end.pred_opt().unwrap(), &alone.0).unwrap();
    assert!(alone.files(end.pred_opt().unwrap()) != row.files(end.pred_opt().unwrap()));
}

#[test]
fn an_initial_load_and_nights_hold_every_key_of_the_days() {
    let (days, initial) = (Folder::new("days"), Folder::new("initial"));
    let (middle, end) = (OPTIONS.first_day + Days::new(90), OPTIONS.first_day + Days::new(100));
    generator().write_history(OPTIONS.first_day..end, &days.0).unwrap();
    let mut generator = generator();
    let arrival = middle.pred_opt().unwrap();
    let summary = generator.write_initial(OPTIONS.first_day..middle, &initial.0, arrival).unwrap();
    assert_eq!(summary.files.iter().map(|file| file.source).collect::<Vec<_>>(), Source::ALL);
    generator.write_history(middle..end, &initial.0).unwrap();
    for source in [Source::Customer, Source::SalesOrder, Source::Delivery, Source::Payment, Source::InventoryCount] {
        let keys = |folder: &Folder, dates: Vec<NaiveDate>| {
            let lines = dates.into_iter().flat_map(|date| {
                let lines = folder.lines(date, source);
                let header = usize::from(source.file_name().ends_with("csv"));
                lines.into_iter().skip(header).map(|line| line.split(',').next().unwrap().to_owned()).collect::<Vec<_>>()
            });
            lines.collect::<std::collections::BTreeSet<_>>()
        };
        let all = OPTIONS.first_day.iter_days().take_while(|day| *day < end).collect();
        let nights = std::iter::once(arrival).chain(middle.iter_days().take_while(|day| *day < end)).collect();
        assert!(keys(&days, all) == keys(&initial, nights), "{source}");
    }
    assert!(initial.files(middle) == days.files(middle));
}

#[test]
fn a_corrected_file_differs_and_stays_so() {
    let folder = Folder::new("corrected");
    let day = date(2025, 3, 4);
    let mut generator = generator();
    generator.write_day(day, &folder.0).unwrap();
    let before = folder.files(day);
    for source in Source::ALL {
        let first = generator.write_correction(day, source, &folder.0).unwrap();
        let once = folder.files(day);
        assert!(once[&source.file_name()] != before[&source.file_name()], "{source}");
        assert_eq!(generator.write_correction(day, source, &folder.0).unwrap(), first);
        assert!(once == folder.files(day), "{source}");
    }
}

#[test]
fn closed_days_send_empty_files() {
    let folder = Folder::new("closed");
    let mut generator = generator();
    let sizes = |generator: &mut Generator, day, source: Source| {
        let summary = generator.write_day(day, &folder.0).unwrap();
        let file = summary.file(source).unwrap().clone();
        (file.rows, file.bytes)
    };
    assert_eq!(sizes(&mut generator, date(2026, 1, 1), Source::InventoryCount), (0, 0));
    assert_eq!(sizes(&mut generator, date(2026, 2, 17), Source::Delivery), (0, 0));
    assert_eq!(sizes(&mut generator, date(2026, 2, 18), Source::Delivery).0, 0);
    assert_eq!(folder.lines(date(2026, 2, 18), Source::Delivery).len(), 1);
}

#[test]
fn shares_are_as_promised() {
    let folder = Folder::new("shares");
    let mut generator = generator();
    let days = OPTIONS.first_day..OPTIONS.first_day + Days::new(200);
    let summaries = generator.write_history(days, &folder.0).unwrap();
    for source in [Source::SalesOrder, Source::Delivery, Source::Payment, Source::CylinderMovement] {
        let sum = |count: fn(&FileSummary) -> u64| summaries.iter().filter_map(|day| day.file(source)).map(count).sum::<u64>() as f64;
        let rows = sum(|file| file.rows);
        let late = sum(|file| file.late) / rows;
        let broken = sum(|file| file.broken) / rows;
        assert!((0.006..0.014).contains(&late), "{source}: {late} late");
        assert!((0.000_5..0.001_6).contains(&broken), "{source}: {broken} broken");
        if matches!(source, Source::SalesOrder | Source::Delivery) {
            assert!(sum(|file| file.corrections) / rows > 0.001, "{source}");
            assert!(sum(|file| file.deletions) > 0.0, "{source}");
        }
    }
    // The file of a day holds what is exactly 40 days old on some days.
    let exactly = (40..200).filter(|offset| {
        let day = OPTIONS.first_day + Days::new(*offset);
        Day::of(day).plus(-MOST_DAYS_LATE).0 % 10 == 4
    });
    assert_eq!(exactly.count(), 16);
}

#[test]
fn amounts_are_price_times_quantity() {
    let folder = Folder::new("amounts");
    let summary = generator().write_day(date(2025, 1, 15), &folder.0).unwrap();
    let mut checked = 0;
    for line in folder.lines(date(2025, 1, 15), Source::SalesOrder).iter().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        assert!(fields.len() < 15, "{line}");
        let number = |text: &str| text.replace('.', "").parse::<i64>().ok();
        if let [Some(quantity), Some(price), Some(amount)] = [number(fields[5]), number(fields[6]), number(fields[7])] {
            checked += u64::from(quantity * price == amount);
        }
    }
    assert!(checked + 5 > summary.rows(Source::SalesOrder));
}

#[test]
fn the_demo_holds_a_million_deliveries() {
    let options = Options { deliveries_per_day: 2_170, ..OPTIONS };
    let world = World::new(options.seed, Day::of(options.first_day), options.deliveries_per_day);
    let orders: u32 = (0..460).map(|offset| world.orders(world.first_day.plus(offset))).sum();
    let deliveries = f64::from(orders) * 0.96;
    assert!((995_000.0..1_010_000.0).contains(&deliveries), "{deliveries}");
}

#[test]
fn tax_ids_follow_the_rule_of_2023() {
    // 10458574 is valid only by the exception for a seventh digit 7.
    let digits = |text: &str| std::array::from_fn(|index| u32::from(text.as_bytes()[index] - b'0'));
    assert!(tax_id::is_valid(&digits("04595257")));
    assert!(tax_id::is_valid(&digits("10458575")));
    assert!(tax_id::is_valid(&digits("10458574")));
    assert!(!tax_id::is_valid(&digits("04595256")));
    let mut random = random::Random::keyed(1, random::Topic::Customer, 1, 1);
    for number in 0..1_000 {
        let made = tax_id::make(&mut random, number % 2 == 0);
        assert_eq!(tax_id::is_valid(&made.map(|digit| u32::from(digit - b'0'))), number % 2 == 0);
    }
}

#[test]
fn days_have_chronos_dates() {
    for number in (0..40_000).step_by(13) {
        let mut text = Vec::new();
        Day(number).write(&mut text);
        assert_eq!(String::from_utf8(text).unwrap(), Day(number).date().to_string());
        assert_eq!(Day::of(Day(number).date()), Day(number));
    }
}
