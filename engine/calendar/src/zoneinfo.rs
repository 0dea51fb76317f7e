//! Days and local times against Python's `zoneinfo` 2026: days by scanning the time line minute by minute for the first one at which
//! the clock shows the day's start, local times with `fold=0` and `fold=1`. The tables are of unusual zones; `tests/oracle/zones.json`
//! has many more cases of four zones, made by the script beside it.
#![allow(clippy::unwrap_used)]

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use crate::{Ambiguous, Calendar, Error, Grain, LocalTimeProblem};

/// Zone, start of the day, business date, its first instant.
const DAY_STARTS: [(&str, &str, &str, &str); 37] = [
    ("America/New_York", "00:00", "2026-03-07", "2026-03-07T05:00:00Z"),
    ("America/New_York", "00:00", "2026-03-08", "2026-03-08T05:00:00Z"),
    ("America/New_York", "00:00", "2026-03-09", "2026-03-09T04:00:00Z"),
    ("America/New_York", "01:30", "2026-11-01", "2026-11-01T05:30:00Z"),
    ("America/New_York", "01:30", "2026-11-02", "2026-11-02T06:30:00Z"),
    ("America/New_York", "02:30", "2026-03-07", "2026-03-07T07:30:00Z"),
    ("America/New_York", "02:30", "2026-03-08", "2026-03-08T07:00:00Z"),
    ("America/New_York", "02:30", "2026-03-09", "2026-03-09T06:30:00Z"),
    ("America/New_York", "00:00", "2026-11-01", "2026-11-01T04:00:00Z"),
    ("America/New_York", "00:00", "2026-11-02", "2026-11-02T05:00:00Z"),
    ("America/Havana", "00:00", "2026-03-07", "2026-03-07T05:00:00Z"),
    ("America/Havana", "00:00", "2026-03-08", "2026-03-08T05:00:00Z"),
    ("America/Havana", "00:00", "2026-03-09", "2026-03-09T04:00:00Z"),
    ("America/Havana", "00:00", "2026-11-01", "2026-11-01T04:00:00Z"),
    ("America/Havana", "00:00", "2026-11-02", "2026-11-02T05:00:00Z"),
    ("Australia/Lord_Howe", "00:00", "2026-04-04", "2026-04-03T13:00:00Z"),
    ("Australia/Lord_Howe", "00:00", "2026-04-05", "2026-04-04T13:00:00Z"),
    ("Australia/Lord_Howe", "00:00", "2026-04-06", "2026-04-05T13:30:00Z"),
    ("Australia/Lord_Howe", "01:45", "2026-04-04", "2026-04-03T14:45:00Z"),
    ("Australia/Lord_Howe", "01:45", "2026-04-05", "2026-04-04T14:45:00Z"),
    ("Australia/Lord_Howe", "01:45", "2026-04-06", "2026-04-05T15:15:00Z"),
    ("Australia/Lord_Howe", "02:15", "2026-10-03", "2026-10-02T15:45:00Z"),
    ("Australia/Lord_Howe", "02:15", "2026-10-04", "2026-10-03T15:30:00Z"),
    ("Australia/Lord_Howe", "02:15", "2026-10-05", "2026-10-04T15:15:00Z"),
    ("Asia/Taipei", "00:00", "2026-02-16", "2026-02-15T16:00:00Z"),
    ("Asia/Taipei", "00:00", "2026-02-17", "2026-02-16T16:00:00Z"),
    ("Asia/Taipei", "00:00", "2026-02-18", "2026-02-17T16:00:00Z"),
    ("Asia/Taipei", "05:00", "2026-11-23", "2026-11-22T21:00:00Z"),
    ("Asia/Taipei", "05:00", "2026-11-24", "2026-11-23T21:00:00Z"),
    ("Asia/Taipei", "05:00", "2026-11-25", "2026-11-24T21:00:00Z"),
    ("America/St_Johns", "00:00", "2010-11-06", "2010-11-06T02:30:00Z"),
    ("America/St_Johns", "00:00", "2010-11-07", "2010-11-07T02:30:00Z"),
    ("America/St_Johns", "00:00", "2010-11-08", "2010-11-08T03:30:00Z"),
    ("Pacific/Apia", "00:00", "2011-12-29", "2011-12-29T10:00:00Z"),
    ("Pacific/Apia", "00:00", "2011-12-30", "2011-12-30T10:00:00Z"),
    ("Pacific/Apia", "00:00", "2011-12-31", "2011-12-30T10:00:00Z"),
    ("Pacific/Apia", "00:00", "2012-01-01", "2011-12-31T10:00:00Z"),
];

/// Zone, start of the day, instant, its business date.
const BUSINESS_DATES: [(&str, &str, &str, &str); 20] = [
    ("Asia/Taipei", "00:00", "2026-11-23T17:30:00Z", "2026-11-24"),
    ("Asia/Taipei", "00:00", "2026-11-23T15:59:59Z", "2026-11-23"),
    ("Asia/Taipei", "05:00", "2026-11-23T20:59:59Z", "2026-11-23"),
    ("Asia/Taipei", "05:00", "2026-11-23T21:00:00Z", "2026-11-24"),
    ("America/Havana", "00:00", "2026-11-01T03:59:59Z", "2026-10-31"),
    ("America/Havana", "00:00", "2026-11-01T04:00:00Z", "2026-11-01"),
    ("America/Havana", "00:00", "2026-11-01T05:30:00Z", "2026-11-01"),
    ("America/Havana", "00:00", "2026-03-08T04:59:59Z", "2026-03-07"),
    ("America/Havana", "00:00", "2026-03-08T05:00:00Z", "2026-03-08"),
    ("America/New_York", "01:30", "2026-11-01T05:29:59Z", "2026-10-31"),
    ("America/New_York", "01:30", "2026-11-01T05:30:00Z", "2026-11-01"),
    ("America/New_York", "01:30", "2026-11-01T06:10:00Z", "2026-11-01"),
    ("America/St_Johns", "00:00", "2010-11-07T02:29:59Z", "2010-11-06"),
    ("America/St_Johns", "00:00", "2010-11-07T02:30:30Z", "2010-11-07"),
    ("America/St_Johns", "00:00", "2010-11-07T03:00:00Z", "2010-11-07"),
    ("Australia/Lord_Howe", "01:45", "2026-04-04T14:44:59Z", "2026-04-04"),
    ("Australia/Lord_Howe", "01:45", "2026-04-04T14:45:00Z", "2026-04-05"),
    ("Australia/Lord_Howe", "01:45", "2026-04-04T15:05:00Z", "2026-04-05"),
    ("Pacific/Apia", "00:00", "2011-12-30T09:59:59Z", "2011-12-29"),
    ("Pacific/Apia", "00:00", "2011-12-30T10:00:00Z", "2011-12-31"),
];

const UNIQUE: Option<LocalTimeProblem> = None;
const TWICE: Option<LocalTimeProblem> = Some(LocalTimeProblem::Twice);
const MISSING: Option<LocalTimeProblem> = Some(LocalTimeProblem::Missing);

/// Zone, local time, the instant with `fold=0` and with `fold=1`, what is wrong with the time.
const LOCAL_TIMES: [(&str, &str, &str, &str, Option<LocalTimeProblem>); 22] = [
    ("America/New_York", "2026-03-08T01:59:59", "2026-03-08T06:59:59Z", "2026-03-08T06:59:59Z", UNIQUE),
    ("America/New_York", "2026-03-08T02:00:00", "2026-03-08T07:00:00Z", "2026-03-08T06:00:00Z", MISSING),
    ("America/New_York", "2026-03-08T02:30:00", "2026-03-08T07:30:00Z", "2026-03-08T06:30:00Z", MISSING),
    ("America/New_York", "2026-03-08T03:00:00", "2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z", UNIQUE),
    ("America/New_York", "2026-11-01T00:59:59", "2026-11-01T04:59:59Z", "2026-11-01T04:59:59Z", UNIQUE),
    ("America/New_York", "2026-11-01T01:00:00", "2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z", TWICE),
    ("America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", TWICE),
    ("America/New_York", "2026-11-01T02:00:00", "2026-11-01T07:00:00Z", "2026-11-01T07:00:00Z", UNIQUE),
    ("America/Havana", "2026-03-08T00:00:00", "2026-03-08T05:00:00Z", "2026-03-08T04:00:00Z", MISSING),
    ("America/Havana", "2026-03-08T00:30:00", "2026-03-08T05:30:00Z", "2026-03-08T04:30:00Z", MISSING),
    ("America/Havana", "2026-03-08T01:00:00", "2026-03-08T05:00:00Z", "2026-03-08T05:00:00Z", UNIQUE),
    ("America/Havana", "2026-11-01T00:00:00", "2026-11-01T04:00:00Z", "2026-11-01T05:00:00Z", TWICE),
    ("America/Havana", "2026-11-01T00:30:00", "2026-11-01T04:30:00Z", "2026-11-01T05:30:00Z", TWICE),
    ("America/Havana", "2026-11-01T01:00:00", "2026-11-01T06:00:00Z", "2026-11-01T06:00:00Z", UNIQUE),
    ("Australia/Lord_Howe", "2026-04-05T01:29:59", "2026-04-04T14:29:59Z", "2026-04-04T14:29:59Z", UNIQUE),
    ("Australia/Lord_Howe", "2026-04-05T01:30:00", "2026-04-04T14:30:00Z", "2026-04-04T15:00:00Z", TWICE),
    ("Australia/Lord_Howe", "2026-04-05T01:45:00", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z", TWICE),
    ("Australia/Lord_Howe", "2026-04-05T02:00:00", "2026-04-04T15:30:00Z", "2026-04-04T15:30:00Z", UNIQUE),
    ("Australia/Lord_Howe", "2026-10-04T02:00:00", "2026-10-03T15:30:00Z", "2026-10-03T15:00:00Z", MISSING),
    ("Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:45:00Z", "2026-10-03T15:15:00Z", MISSING),
    ("Australia/Lord_Howe", "2026-10-04T02:30:00", "2026-10-03T15:30:00Z", "2026-10-03T15:30:00Z", UNIQUE),
    ("Asia/Taipei", "2026-11-24T01:30:00", "2026-11-23T17:30:00Z", "2026-11-23T17:30:00Z", UNIQUE),
];

fn calendar(zone: &str, day_starts_at: &str) -> Calendar {
    let mut calendar = Calendar::new(zone.parse().unwrap());
    calendar.day_starts_at = NaiveTime::parse_from_str(day_starts_at, "%H:%M").unwrap();
    calendar
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn days_start_where_zoneinfo_says() {
    for (zone, day_starts_at, day, start) in DAY_STARTS {
        let day: NaiveDate = day.parse().unwrap();
        assert_eq!(calendar(zone, day_starts_at).day_start(day), instant(start), "{zone} {day_starts_at} {day}");
    }
}

#[test]
fn instants_belong_to_the_day_that_zoneinfo_says() {
    for (zone, day_starts_at, at, day) in BUSINESS_DATES {
        let found = calendar(zone, day_starts_at).business_date(instant(at));
        assert_eq!(found.to_string(), day, "{zone} {day_starts_at} {at}");
    }
}

#[test]
fn local_times_are_the_instants_that_zoneinfo_says() {
    for (zone, local, earlier, later, problem) in LOCAL_TIMES {
        let calendar = calendar(zone, "00:00");
        let local: NaiveDateTime = local.parse().unwrap();
        assert_eq!(calendar.to_instant(local, Ambiguous::Earlier), Ok(instant(earlier)), "{zone} {local}");
        assert_eq!(calendar.to_instant(local, Ambiguous::Later), Ok(instant(later)), "{zone} {local}");
        let reviewed = match problem {
            None => Ok(instant(earlier)),
            Some(problem) => Err(Error::LocalTime { local, zone: calendar.zone, problem }),
        };
        assert_eq!(calendar.to_instant(local, Ambiguous::Review), reviewed, "{zone} {local}");
    }
}

/// Two years of every zone and start of the day: each bucket ends where the next begins, and its first and last instants belong to it.
#[test]
fn days_partition_the_time_line() {
    let zones = ["America/New_York", "America/Havana", "Australia/Lord_Howe", "Asia/Taipei", "America/St_Johns", "Pacific/Apia"];
    for (zone, day_starts_at) in zones.iter().flat_map(|zone| [(zone, "00:00"), (zone, "01:30"), (zone, "02:15")]) {
        let calendar = calendar(zone, day_starts_at);
        let first: NaiveDate = "2010-10-01".parse().unwrap();
        for day in first.iter_days().take(730) {
            let range = calendar.bucket_range(Grain::Day, day);
            let next = calendar.bucket_range(Grain::Day, day + Days::new(1));
            assert_eq!(range.end, next.start);
            if range.is_empty() {
                assert_eq!((*zone, day.to_string().as_str()), ("Pacific/Apia", "2011-12-30"));
                continue;
            }
            for inside in [range.start, range.end - TimeDelta::microseconds(1)] {
                assert_eq!(calendar.business_date(inside), day, "{zone} {day_starts_at} {inside}");
            }
        }
    }
}

#[test]
fn longer_buckets_begin_with_their_first_day() {
    let calendar = calendar("America/Havana", "00:00");
    let day: NaiveDate = "2026-11-20".parse().unwrap();
    let month = calendar.bucket_range(Grain::Month, day);
    assert_eq!(month, instant("2026-11-01T04:00:00Z")..instant("2026-12-01T05:00:00Z"));
    let year = calendar.bucket_range(Grain::Year, day);
    assert_eq!(year, instant("2026-01-01T05:00:00Z")..instant("2027-01-01T05:00:00Z"));
    assert_eq!(calendar.bucket_range(Grain::Hour, day), calendar.bucket_range(Grain::Day, day));
}

/// Everything that `tests/oracle/zones.json` says about one list.
fn cases(list: &str) -> Vec<serde_json::Value> {
    let text = include_str!("../../../tests/oracle/zones.json");
    let mut all: serde_json::Value = serde_json::from_str(text).unwrap();
    let cases = all.get_mut(list).unwrap().as_array_mut().unwrap();
    assert!(cases.len() > 100, "{list}");
    std::mem::take(cases)
}

fn text<'a>(case: &'a serde_json::Value, field: &str) -> &'a str {
    case.get(field).unwrap().as_str().unwrap()
}

#[test]
fn instants_have_the_local_time_and_buckets_of_the_oracle() {
    for case in cases("instants") {
        let at = instant(text(&case, "instant"));
        let midnight = calendar(text(&case, "zone"), "00:00");
        assert_eq!(midnight.local(at), text(&case, "local").parse().unwrap(), "{case}");
        for (day_starts_at, day) in case.get("business_dates").unwrap().as_object().unwrap() {
            let found = calendar(text(&case, "zone"), day_starts_at).business_date(at);
            assert_eq!(found.to_string(), day.as_str().unwrap(), "{case} {day_starts_at}");
        }
        let day: NaiveDate = text(&case, "date").parse().unwrap();
        for (grain, field) in [(Grain::Day, "day"), (Grain::Month, "month"), (Grain::Year, "year")] {
            assert_eq!(midnight.bucket_range(grain, day).start, instant(text(&case, field)), "{case} {grain}");
            let whole = midnight.local_range(grain, day);
            assert!(whole.start == instant(text(&case, field)) && whole.contains(&at), "{case} {grain}");
        }
    }
}

#[test]
fn days_begin_and_end_where_the_oracle_says() {
    for case in cases("days") {
        let day: NaiveDate = text(&case, "date").parse().unwrap();
        let found = calendar(text(&case, "zone"), text(&case, "day_starts_at")).bucket_range(Grain::Day, day);
        assert_eq!(found, instant(text(&case, "start"))..instant(text(&case, "end")), "{case}");
    }
}

#[test]
fn local_times_mean_what_the_oracle_says() {
    for case in cases("locals") {
        let calendar = calendar(text(&case, "zone"), "00:00");
        let local: NaiveDateTime = text(&case, "local").parse().unwrap();
        assert_eq!(calendar.first_instant(local), instant(text(&case, "first")), "{case}");
        for (ambiguous, field) in [(Ambiguous::Earlier, "earlier"), (Ambiguous::Later, "later")] {
            assert_eq!(calendar.to_instant(local, ambiguous), Ok(instant(text(&case, field))), "{case} {ambiguous}");
        }
        let problem = match text(&case, "kind") {
            "unique" => None,
            "missing" => Some(LocalTimeProblem::Missing),
            _ => Some(LocalTimeProblem::Twice),
        };
        let expected = problem.map_or(Ok(instant(text(&case, "earlier"))), |problem| Err(Error::LocalTime { local, zone: calendar.zone, problem }));
        assert_eq!(calendar.to_instant(local, Ambiguous::Review), expected, "{case}");
    }
}

/// Where the clock goes back over midnight, instants of a date lie behind the first of the next one.
#[test]
fn a_local_range_holds_a_date_that_is_shown_once_more() {
    let calendar = calendar("America/St_Johns", "00:00");
    let day: NaiveDate = "2010-11-06".parse().unwrap();
    let shown_again = instant("2010-11-07T03:00:00Z");
    assert_eq!(calendar.local(shown_again).date(), day);
    assert!(calendar.local_range(Grain::Day, day).contains(&shown_again));
    assert!(!calendar.bucket_range(Grain::Day, day).contains(&shown_again));
}
