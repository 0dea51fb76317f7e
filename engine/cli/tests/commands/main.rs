//! The commands as an analyst uses them: the real program, its two streams and its exit code.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

mod place;

use insta::{Settings, assert_snapshot};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use place::Place;

/// The night of [`Place::after_a_night`].
const NIGHT: &str = "2025-12-25";

/// From wherever one stands, and in a folder whose name has a space.
#[test]
fn what_the_demonstration_suggests_can_be_run() {
    let place = Place::new();
    let project = place.path("gas and more");
    std::fs::create_dir(&project).unwrap();
    for part in ["nightshift.yaml", "sql", "reports", "pipelines", "calendars"] {
        std::fs::rename(place.path(part), project.join(part)).unwrap();
    }
    let demo = place.run(&["--project", project.to_str().unwrap(), "demo", "--nights", "1", "--history-days", "5", "--rows-per-day", "10"]);
    let suggested: Vec<&str> = demo.stdout.lines().skip_while(|line| *line != "try next:").skip(1).collect();
    assert_eq!((demo.exit, suggested.len()), (0, 3), "{}", demo.shown());
    for line in suggested {
        let output = std::process::Command::new("sh").args(["-c", line]).current_dir("/").output().unwrap();
        assert!(output.status.success() && !output.stdout.is_empty(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn help_says_what_each_command_is_for() {
    let place = Place::new();
    for command in ["preview", "sql", "lineage", "explain", "verify", "backfill", "diff", "test", "show"] {
        assert_snapshot!(format!("help_{command}"), place.run(&[command, "--help"]).shown());
    }
    assert_snapshot!("help", place.run(&["-h"]).shown());
}

#[test]
fn mistakes_on_the_command_line_are_the_users() {
    let place = Place::new();
    let cases: [(&str, &[&str]); 27] = [
        ("unknown_command", &["prview"]),
        ("run_word_too_many", &["run", "daily", "daily_sales", "--date", "2025-12-25"]),
        ("run_unknown_report", &["run", "report", "daily_sale", "--date", "2025-12-25"]),
        ("run_report_without_name", &["run", "report", "--date", "2025-12-25"]),
        ("csv_without_rows", &["lineage", "--format", "csv"]),
        ("preview_unknown_name", &["preview", "daily_sale"]),
        ("preview_unknown_file", &["preview", "report/daily_sales.sql"]),
        ("preview_of_a_source", &["preview", "depot"]),
        ("preview_missing_parameter", &["preview", "daily_sales"]),
        ("preview_unknown_parameter", &["preview", "daily_sales", "--param", "business_date=2025-12-25", "--param", "bussiness_date=2025-12-25"]),
        ("sql_branches_of_a_case", &["sql", "SELECT sum(CASE WHEN status = 'completed' THEN amount ELSE delivered_at END) AS x FROM delivery"]),
        ("sql_wrong_type", &["sql", "SELECT count(amount IS TRUE) AS n FROM delivery WHERE status = 'completed'"]),
        ("preview_wrong_type", &["preview", "top_customers", "--param", "business_date=yesterday", "--param", "top=2.5"]),
        ("preview_parameter_of_a_rollup", &["preview", "depot_daily", "--param", "day=2025-12-25"]),
        ("preview_parameter_without_value", &["preview", "daily_sales", "--param", "business_date"]),
        ("sql_ddl", &["sql", "DROP TABLE delivery"]),
        ("sql_dml", &["sql", "\n  DELETE FROM delivery WHERE delivery_id = 1"]),
        ("sql_unknown_column", &["sql", "SELECT depot_id,\n       revenu\nFROM depot_daily"]),
        ("sql_unknown_review_table", &["sql", "SELECT * FROM review.deliver"]),
        ("sql_file_as_table", &["sql", "SELECT * FROM 'customers.csv'"]),
        ("sql_parameter", &["sql", "SELECT * FROM depot_daily WHERE day = $day"]),
        ("sql_function_as_table", &["sql", "SELECT d.depot_id, n.value\nFROM depot d\nCROSS JOIN LATERAL generate_series(1, 3) AS n"]),
        ("sql_sample", &["sql", "SELECT count(*) AS n FROM delivery TABLESAMPLE (10 PERCENT)"]),
        ("explain_a_source", &["explain", "delivery"]),
        ("diff_a_report", &["diff", "daily_sales"]),
        ("explain_unknown", &["explain", "depot_dayly"]),
        ("sql_two_statements", &["sql", "SELECT 1 AS one; SELECT 2 AS two"]),
    ];
    for (name, arguments) in cases {
        let said = place.run(arguments);
        assert_eq!((said.exit, said.stdout.as_str()), (1, ""), "{}", said.shown());
        assert_snapshot!(name, said.shown());
    }
    let machine = place.run(&["sql", "SELECT depot_i FROM depot_daily", "--format", "json"]);
    assert_eq!(machine.exit, 1);
    assert_eq!(machine.json()[0]["hint"], "did you mean `depot_id`?");
    assert_eq!((&machine.json()[0]["line"], &machine.json()[0]["column"]), (&json!(1), &json!(8)));
}

#[test]
fn tables_that_are_not_there_are_empty_and_said() {
    let place = Place::new();
    assert_snapshot!("missing_tables", place.run(&["preview", "depot_yearly"]).shown());
    std::fs::create_dir_all(place.path("data/incoming/2026-01-05")).unwrap();
    std::fs::create_dir_all(place.path("data/incoming/2026-01-07")).unwrap();
    assert_snapshot!("missing_tables_and_what_to_run", place.run(&["sql", "SELECT count(*) AS n FROM depot_daily JOIN daily_sales USING (day)"]).shown());
    assert_snapshot!("show_before_any_run", place.run(&["show"]).shown());
    assert!(!place.path("data/ledger.db").exists(), "nothing is written");
}

#[test]
fn lineage_goes_back_to_the_sources() {
    let place = Place::new();
    assert_snapshot!("lineage_report", place.run(&["lineage", "reports/year_on_year.sql"]).shown());
    assert_snapshot!("lineage_rollup", place.run(&["lineage", "depot_daily"]).shown());
    assert_snapshot!("lineage_source", place.run(&["lineage", "payment"]).shown());
    assert_snapshot!("lineage_graph", place.run(&["lineage"]).shown());

    let report = place.run(&["lineage", "daily_sales", "--format", "json"]).json();
    let column = |name: &str| report["columns"].as_array().unwrap().iter().find(|column| column["name"] == name).unwrap().clone();
    let revenue = column("revenue");
    let from: Vec<&Value> = revenue["from"].as_array().unwrap().iter().map(|origin| &origin["column"]).collect();
    assert_eq!(from, ["day", "revenue"]);
    assert_eq!(revenue["sources"], json!([{"table": "delivery", "column": "amount"}, {"table": "delivery", "column": "delivered_at"}]));
    assert_eq!(column("orders")["sources"], json!([]), "a count of rows comes from no column");
    let graph = place.run(&["lineage", "--format", "json"]).json();
    let tables = graph.as_array().unwrap();
    for table in tables {
        for read in table["reads"].as_array().unwrap() {
            let other = tables.iter().find(|other| other["name"] == *read).unwrap();
            assert!(other["read_by"].as_array().unwrap().contains(&table["name"]), "{read} is read by {}", table["name"]);
        }
    }
}

/// What each kind of rollup allows, and what a mended query would.
#[test]
fn a_rollup_is_explained() {
    let place = Place::new();
    for rollup in ["depot_daily", "depot_monthly", "product_monthly", "cylinder_balance_daily", "receivable_monthly"] {
        assert_snapshot!(format!("explain_{rollup}"), place.run(&["explain", rollup]).shown());
    }
    place.edit("sql/rollups/daily/payment_daily.sql", "GROUP BY 1, 2", "GROUP BY 1, 2\nHAVING count(*) > 3");
    assert_snapshot!("explain_having", place.run(&["explain", "sql/rollups/daily/payment_daily.sql"]).shown());
    // A LIMIT in a rollup is a mistake by itself; a second grouping over all buckets is not.
    place.edit("sql/rollups/daily/payment_daily.sql", "HAVING count(*) > 3", "");
    place.edit("sql/rollups/daily/payment_daily.sql", "FROM payment p\n", "FROM payment p\nLEFT JOIN payment q ON q.payment_id = p.order_id\n");
    let machine = place.run(&["explain", "payment_daily", "--format", "json"]).json();
    let refused: Vec<&Value> = machine["techniques"].as_array().unwrap().iter().filter(|way| way["allowed"] == false).collect();
    assert_eq!(refused.len(), 3, "{machine}");
    assert_eq!((&refused[2]["technique"], &refused[2]["hint"]), (&json!("rebuild buckets"), &Value::Null));
    assert_eq!((&machine["now"]["technique"], machine["now"]["rejected"].as_array().unwrap().len()), (&json!("full"), 4));
}

#[test]
fn tests_pass_and_a_failing_one_points_at_the_value() {
    let place = Place::new();
    assert_snapshot!("test_all", place.run(&["test"]).shown());
    let all = place.run(&["test", "--format", "json"]);
    assert_eq!((all.exit, &all.json()["passed"], &all.json()["failed"]), (0, &json!(10), &json!(0)));

    let failing: [(&str, &str, &str, &str); 6] = [
        ("value", "sql/rollups/daily/depot_daily.test.yaml", "pieces: 1, revenue: 830.00", "pieces: 2, revenue: 831.00"),
        ("row_too_few", "reports/top_customers.test.yaml", "top: 2", "top: 3"),
        ("row_too_many", "sql/rollups/monthly/receivable_monthly.test.yaml", "due_on: 2026-02-01", "due_on: 2026-01-02"),
        ("unknown_column", "reports/depot_stock.test.yaml", "change: 7, balance: 57", "change: 7, balanse: 57"),
        ("wrong_value", "sql/rollups/daily/inventory_daily.test.yaml", "full_cylinders: 10,", "full_cylinders: ten,"),
        ("unread_table", "sql/rollups/hourly/delivery_hourly.test.yaml", "  delivery:", "  deliveries:"),
    ];
    for (name, file, from, to) in failing {
        let place = Place::new();
        place.edit(file, from, to);
        let said = place.run(&["test", &file.replace(".test.yaml", ".sql")]);
        assert_eq!(said.exit, 1);
        assert_snapshot!(format!("test_{name}"), said.shown());
    }
    let mut lines: Vec<String> = place.read("reports/overdue_receivables.test.yaml").lines().map(str::to_owned).collect();
    let last = lines.len() - 1;
    lines.swap(last - 1, last);
    std::fs::write(place.path("reports/overdue_receivables.test.yaml"), lines.join("\n")).unwrap();
    assert_snapshot!("test_wrong_order", place.run(&["test", "overdue_receivables"]).shown());
    place.edit("reports/top_customers.test.yaml", "parameters: {business_date: 2026-01-31, top: 2}", "parameters: {tops: 2}");
    assert_snapshot!("test_parameters", place.run(&["test", "top_customers"]).shown());
    place.edit("reports/price_realisation.test.yaml", "expect:", "expected:");
    assert_snapshot!("test_unknown_key", place.run(&["test", "price_realisation"]).shown());
    place.edit("reports/daily_sales.sql", "FROM depot_daily", "FROM depot_dayly");
    assert_snapshot!("test_beside_a_mistake", place.run(&["test", "product_yearly", "product_monthly"]).shown());
}

/// What the previews and questions of an analyst give on real tables: the text that a person reads, and the numbers that another way
/// to them gives.
#[test]
fn a_night_is_asked_about() {
    let place = Place::after_a_night();
    let date = format!("business_date={NIGHT}");
    let cases: [(&str, &[&str]); 11] = [
        ("preview_report", &["preview", "reports/daily_sales.sql", "--param", &date]),
        ("preview_default_parameter", &["preview", "top_customers", "--param", &date, "--limit", "3"]),
        ("preview_csv", &["preview", "top_customers", "--param", &date, "--param", "top=1", "--format", "csv"]),
        ("preview_json", &["preview", "year_on_year", "--param", &date, "--format", "json", "--limit", "2"]),
        (
            "sql_rows",
            &["sql", "SELECT day, count(*) AS depots, sum(revenue) AS revenue, NULL AS nothing FROM depot_daily GROUP BY day ORDER BY day", "--limit", "4"],
        ),
        ("sql_review", &["sql", "SELECT file, line, reasons FROM review.customer ORDER BY file, line"]),
        ("explain_up_to_date", &["explain", "product_monthly"]),
        ("explain_report", &["explain", "delivery_punctuality"]),
        (
            "sql_from_a_rollup",
            &[
                "sql",
                "SELECT date_trunc('year', paid_at)::date AS year, count(*) AS n FROM payment WHERE paid_at >= '2025-12-01 08:00:00' GROUP BY 1 ORDER BY 1",
            ],
        ),
        ("sql_not_from_a_rollup", &["sql", "SELECT count(*) AS n FROM payment WHERE paid_at >= '2025-12-01 08:00:00'", "--no-rewrite", "--format", "json"]),
        ("sql_run_time_error", &["sql", "SELECT deliveries / (deliveries - deliveries) AS impossible FROM depot_daily"]),
    ];
    for (name, arguments) in cases {
        assert_snapshot!(name, place.run(arguments).shown());
    }
    previews_are_the_delivered_files(&place);
    questions_agree_with_each_other(&place);
    rollups_are_what_their_queries_give(&place);
    a_batch_is_shown(&place);
    one_report_is_made_alone(&place);
    a_changed_file_is_previewed_as_it_stands(&place);
}

/// A mistake in one report, found at night: the others are made, and it is made when it is mended.
#[test]
fn a_mistake_in_one_file_fails_its_own_step() {
    let place = Place::after_a_night();
    place.edit("reports/daily_sales.sql", "FROM depot_daily", "FROM depot_dayly");
    let planned = place.run(&["plan", "daily", "--date", NIGHT, "--format", "json"]);
    assert_eq!(planned.exit, 0, "{}", planned.shown());
    let fails: Vec<Value> = planned.json()["steps"].as_array().unwrap().iter().filter(|step| step["verdict"] == "fails").cloned().collect();
    assert_eq!((fails.len(), &fails[0]["step"]), (1, &json!("report:daily_sales")));

    let said = place.run(&["run", "daily", "--date", NIGHT, "--format", "json"]);
    assert_eq!(said.exit, 1, "{}", said.shown());
    assert!(said.stderr.contains("did you mean `depot_daily`?") && said.stderr.contains("the others are done"), "{}", said.stderr);
    let report = said.json();
    let steps = report["steps"].as_array().unwrap();
    let failed: Vec<&Value> = steps.iter().filter(|step| step["state"] != "succeeded").collect();
    assert_eq!((steps.len(), failed.len(), &failed[0]["step"]), (39, 1, &json!("report:daily_sales")));
    assert!(failed[0]["detail"].as_str().unwrap().contains("daily_sales.sql:"), "{}", failed[0]);
    let runs = place.run(&["runs", "--format", "json"]);
    assert_eq!((runs.exit, &runs.json()[0]["failed"], runs.json()[0]["seconds"].is_number()), (0, &json!(1), true));

    place.edit("reports/daily_sales.sql", "FROM depot_dayly", "FROM depot_daily");
    let retried = place.run(&["retry", "daily", "--date", NIGHT]);
    assert_eq!(retried.exit, 0, "{}", retried.shown());
    // Beginning at a step that is named by what it works on.
    let from = place.run(&["run", "daily", "--date", NIGHT, "--from", "payment_hourly", "--format", "json"]);
    assert_eq!(from.exit, 0, "{}", from.shown());
    // What is wrong with the settings, or in doubt, stops all.
    std::fs::copy(place.path("reports/daily_sales.sql"), place.path("sql/rollups/daily/depot_yearly.sql")).unwrap();
    let doubled = place.run(&["run", "daily", "--date", NIGHT]);
    assert_eq!((doubled.exit, doubled.stdout.as_str()), (1, ""), "{}", doubled.shown());
}

/// A definition that changes is looked at first, and taken only by who knows what readers lose.
#[test]
fn a_changed_definition_is_shown_and_never_taken_silently() {
    let place = Place::after_a_night();
    let file = "sql/rollups/daily/payment_daily.sql";
    let same = place.run(&["diff", "payment_daily", "--format", "json"]).json();
    assert_eq!((&same["differences"], &same["is_of_definition"], &same["breaks_readers"]), (&json!(0), &json!(true), &json!(false)));

    // A condition: other rows in the same columns, which no reader stumbles over.
    place.edit(file, "FROM payment p\n", "FROM payment p\nWHERE p.method <> 'cash'\n");
    let other = place.run(&["diff", file, "--format", "json"]).json();
    let cash = place.run(&["sql", "SELECT count(*) AS n FROM payment_daily WHERE method = 'cash'", "--format", "json"]).json()["rows"][0][0].clone();
    assert_eq!((&other["differences"], &other["is_of_definition"], &other["breaks_readers"]), (&cash, &json!(false), &json!(false)));
    let planned = place.run(&["plan", "daily", "--date", NIGHT, "--from", "payment_daily", "--format", "json"]).json();
    let what = |planned: &Value| planned["steps"].as_array().unwrap().iter().find(|step| step["step"] == "refresh:payment_daily").unwrap().clone();
    assert!(what(&planned)["what"].as_str().unwrap().starts_with("full: its definition"), "{planned}");

    // A column that goes and one of another type: the diff says so, the plan says so, and the run does not do it.
    place.edit(file, "WHERE p.method <> 'cash'\n", "");
    place.edit(
        file,
        "       max(p.amount)                                    AS largest_payment\n",
        "       min(p.amount)                                    AS smallest_payment\n",
    );
    place.edit(file, "largest_payment:", "smallest_payment:");
    place.edit(
        file,
        "       count(*)                                         AS payments,",
        "       CAST(count(*) AS INTEGER)                        AS payments,",
    );
    assert_snapshot!("diff_that_breaks_readers", place.run(&["diff", "payment_daily"]).shown());
    let planned = place.run(&["plan", "daily", "--date", NIGHT, "--from", "payment_daily", "--format", "json"]).json();
    assert_eq!(what(&planned)["verdict"], "fails");
    let table = "data/lake/rollup/payment_daily/_delta_log";
    let versions =
        || std::fs::read_dir(place.path(table)).unwrap().filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "json")).count();
    let before = versions();
    let run = ["run", "daily", "--date", NIGHT, "--from", "payment_daily", "--format", "json"];
    let refused = place.run(&run);
    assert_eq!((refused.exit, versions()), (1, before), "{}", refused.shown());
    let step = refused.json()["steps"].as_array().unwrap().iter().find(|step| step["step"] == "refresh:payment_daily").unwrap().clone();
    assert!(step["detail"].as_str().unwrap().contains("`largest_payment` goes, `payments` becomes INTEGER instead of BIGINT"), "{step}");
    let unknown = place.run(&["run", "daily", "--date", NIGHT, "--accept", "payment_dayly"]);
    assert!(unknown.exit == 1 && unknown.stderr.contains("did you mean `payment_daily`?"), "{}", unknown.shown());

    let accepted: Vec<&str> = run.into_iter().chain(["--accept", "payment_daily"]).collect();
    let taken = place.run(&accepted);
    assert_eq!((taken.exit, versions()), (0, before + 1), "{}", taken.shown());
    let audit = place.run(&["show", "daily", "--format", "json"]).json()["audit"].to_string();
    assert!(audit.contains("definition-accepted") && audit.contains("`largest_payment` goes"), "{audit}");
    assert_eq!(place.run(&["verify", "payment_daily", "--all"]).exit, 0);
    assert_eq!(place.run(&["run", "daily", "--date", NIGHT]).exit, 0, "nothing is left to accept");
}

/// A report whose file is gone.
fn one_report_is_made_alone(place: &Place) {
    let file = place.path(&format!("data/output/{NIGHT}/daily_sales.csv"));
    let bytes = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    for technique in ["2 files", "nothing: it is made already"] {
        let made = place.run(&["run", "report", "daily_sales", "--date", NIGHT, "--format", "json"]);
        assert_eq!(made.exit, 0, "{}", made.shown());
        let steps = made.json()["steps"].as_array().unwrap().clone();
        assert_eq!((steps.len(), &steps[0]["step"], &steps[0]["detail"]), (1, &json!("report:daily_sales"), &json!(technique)));
        assert_eq!(std::fs::read(&file).unwrap(), bytes);
    }
}

/// The files of the night were computed by the batch, written by another writer, and are compared with another engine elsewhere.
fn previews_are_the_delivered_files(place: &Place) {
    let mut compared = 0;
    for entry in std::fs::read_dir(place.path(&format!("data/output/{NIGHT}"))).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let Some(report) = file.strip_suffix(".csv").filter(|name| !name.contains('.')) else { continue };
        let preview = place.run(&["preview", report, "--param", &format!("business_date={NIGHT}"), "--limit", "all", "--format", "csv"]);
        let delivered = place.read(&format!("data/output/{NIGHT}/{file}")).replace("\r\n", "\n");
        assert_eq!(preview.stdout, delivered, "{report}");
        compared += delivered.lines().count();
    }
    assert!(compared > 200, "{compared} lines were compared");
}

fn questions_agree_with_each_other(place: &Place) {
    let number = |sql: &str| place.run(&["sql", sql, "--format", "json"]).json()["rows"][0][0].clone();
    let revenue = number("SELECT sum(revenue) FROM depot_daily");
    assert_eq!(revenue, number("SELECT sum(amount) FROM delivery WHERE status = 'completed'"));
    assert!(revenue.as_f64().unwrap() > 10_000.0, "{revenue}");
    let daily = number(&format!("SELECT sum(revenue) FROM daily_sales WHERE day = DATE '{NIGHT}'"));
    assert_eq!(daily, number(&format!("SELECT sum(revenue) FROM depot_daily WHERE day = DATE '{NIGHT}'")));
    let input = "SELECT count(*) AS n FROM depot -- from standard input";
    assert_eq!(place.run_with(&["sql", "-", "--format", "json"], input).json()["rows"][0][0], 12);
    std::fs::write(place.path("question.sql"), input).unwrap();
    assert_eq!(place.run(&["sql", "--file", "question.sql", "--format", "json"]).json()["rows"][0][0], 12);
    let limited = place.run(&["sql", "SELECT delivery_id FROM delivery", "--limit", "7", "--format", "json"]).json();
    assert_eq!((limited["rows"].as_array().unwrap().len(), &limited["has_more"]), (7, &json!(true)));
    let exact = place.run(&["sql", "SELECT depot_id FROM depot", "--limit", "12", "--format", "json"]).json();
    assert_eq!((exact["rows"].as_array().unwrap().len(), &exact["has_more"]), (12, &json!(false)));
}

fn rollups_are_what_their_queries_give(place: &Place) {
    let said = place.run(&["verify", "depot_daily", "--from", "2025-12-20", "--to", NIGHT]);
    let mut settings = Settings::clone_current();
    settings.add_filter(r"\([\d.]+ s\)", "([seconds])");
    settings.bind(|| assert_snapshot!("verify", said.shown()));
    let all = place.run(&["verify", "--all", "--format", "json"]);
    let found = all.json();
    assert_eq!((all.exit, &found["equal"], &found["different"], &found["not_verified"]), (0, &json!(17), &json!(0), &json!(0)), "{}", all.shown());
    assert!(found["rollups"].as_array().unwrap().iter().all(|rollup| rollup["rows"].as_u64().unwrap() > 5), "{found}");
    let explained = place.run(&["explain", "depot_daily", "--format", "json"]).json();
    assert_eq!((&explained["verified"]["differences"], &explained["verified"]["buckets"]), (&json!(0), &Value::Null));
    for wrong in [&["verify", "daily_sales"][..], &["verify", "--all", "--sample", "3"], &["verify", "--from", "2025-12-20"]] {
        let said = place.run(wrong);
        assert_eq!((said.exit, said.stdout.as_str()), (1, ""), "{}", said.shown());
    }
}

fn a_batch_is_shown(place: &Place) {
    let said = place.run(&["show", "daily", NIGHT]);
    let mut settings = Settings::clone_current();
    for (from, to) in [
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "[time]"),
        (r"(first +succeeded +\[time\]) +[\d.]+  .*", "$1  [seconds]  [owner]"),
        // State and try stand before, the technique behind.
        (r"(succeeded +1) +\d+ +(\d+) +[\d.]+ \w+ +0 B +[\d.]+ \w+ +[\d.]+", "$1  [rows]  $2  [size]  0 B  [size]  [seconds]"),
        (r"(\[time\]) +\w+ +(run-\w+)", "$1  [owner]  $2"),
        (r" [\d.]+ (B|KiB) +[0-9a-f]{64}", " [size]  [hash]"),
        (r" {2,}", "  "),
        (r"-{9,}", "---"),
    ] {
        settings.add_filter(from, to);
    }
    settings.bind(|| assert_snapshot!("show", said.shown()));
    assert_eq!(place.run(&["show", "daily"]).stdout, said.stdout);
    assert_snapshot!("show_unknown", place.run(&["show", "daily@2025-12-26"]).shown());
    assert_snapshot!("show_no_batch", place.run(&["show", "yesterday"]).shown());

    let batch = place.run(&["show", "--format", "json"]).json();
    assert_eq!(batch, place.run(&["show", &format!("daily@{NIGHT}"), "--format", "json"]).json());
    let attempts: Vec<&Value> = batch["steps"].as_array().unwrap().iter().map(|step| &step["attempts"][0]).collect();
    assert_eq!(attempts.len(), 39);
    let made = |what: &str| attempts.iter().flat_map(|attempt| attempt[what].as_array().unwrap().clone()).collect::<Vec<Value>>();
    for output in made("outputs") {
        let bytes = std::fs::read(output["path"].as_str().unwrap()).unwrap();
        let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((&output["sha256"], &output["bytes"]), (&json!(hash), &json!(bytes.len())));
    }
    for publication in made("publications") {
        let log = place.path(&format!("data/lake/{}/_delta_log", publication["table"].as_str().unwrap()));
        let versions = std::fs::read_dir(log).unwrap().filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "json"));
        assert_eq!(publication["version_after"], json!(versions.count() - 1), "{publication}");
    }
    assert!(made("outputs").len() >= 12 && made("publications").len() >= 39);
}

fn a_changed_file_is_previewed_as_it_stands(place: &Place) {
    place.edit("sql/rollups/daily/depot_daily.sql", "AS average_price\nFROM", "AS average_price,\n       min(d.amount) AS smallest\nFROM");
    let preview = place.run(&["preview", "depot_daily", "--limit", "1", "--format", "json"]).json();
    assert_eq!(preview["columns"].as_array().unwrap().last().unwrap()["name"], "smallest");
    assert_snapshot!("sql_outdated", place.run(&["sql", "SELECT smallest FROM depot_daily"]).shown());
    place.edit("reports/year_on_year.sql", "JOIN depot_yearly", "JOIN depot_yearling");
    assert_snapshot!("preview_beside_a_mistake", place.run(&["preview", "depot_yearly", "--limit", "0"]).shown());
}
