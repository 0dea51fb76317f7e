-- The project's functions as DuckDB macros: written from their definitions, not from the engine's code.

-- 統一編號: eight digits, weighed 1 2 1 2 1 2 4 1; the digits of the products add up to a multiple of 5 (since 2023; of 10 before,
-- which is one of 5 too). A 7 in the seventh place gives 28, whose digits may count as 10 or, added up once more, as 1.
-- (Written out: DuckDB allows no lambda in a CHECK.)
CREATE OR REPLACE MACRO tax_id_term(number, place, weight) AS
    CAST(substr(number, place, 1) AS INTEGER) * weight // 10 + CAST(substr(number, place, 1) AS INTEGER) * weight % 10;
CREATE OR REPLACE MACRO tax_id_sum(number) AS
    tax_id_term(number, 1, 1) + tax_id_term(number, 2, 2) + tax_id_term(number, 3, 1) + tax_id_term(number, 4, 2)
    + tax_id_term(number, 5, 1) + tax_id_term(number, 6, 2) + tax_id_term(number, 7, 4) + tax_id_term(number, 8, 1);
CREATE OR REPLACE MACRO is_tax_id(number) AS CASE
    WHEN number IS NULL THEN NULL
    WHEN NOT regexp_full_match(number, '[0-9]{8}') THEN false
    ELSE tax_id_sum(number) % 5 = 0 OR (substr(number, 7, 1) = '7' AND (tax_id_sum(number) + 1) % 5 = 0)
END;

-- The business date of a local time: the day that began at day_starts_at.
CREATE OR REPLACE MACRO business_date(moment) AS CAST(moment - calendar.day_start() AS DATE);

CREATE OR REPLACE MACRO is_business_day(day) AS isodow(day) < 6 AND day NOT IN (SELECT holiday.day FROM calendar.holiday);

-- FY2026-P03: the fiscal year is named for the calendar year in which it ends.
CREATE OR REPLACE MACRO fiscal_period(day) AS printf('FY%04d-P%02d',
    year(day) + CASE WHEN calendar.fiscal_year_starts() > 1 AND month(day) >= calendar.fiscal_year_starts() THEN 1 ELSE 0 END,
    (month(day) + 12 - calendar.fiscal_year_starts()) % 12 + 1);

-- 115/02/22: years count from 1912 = 1, and backwards without a year 0.
CREATE OR REPLACE MACRO minguo_date(day) AS printf('%03d/%02d/%02d',
    CASE WHEN year(day) > 1911 THEN year(day) - 1911 ELSE year(day) - 1912 END, month(day), day(day));

-- The average of decimals with two digits after the point, as the engine gives it: four digits more, and the rest cut off.
CREATE OR REPLACE MACRO average_of_cents(amount) AS
    CAST(CAST(CAST(sum(amount) * 100 AS HUGEINT) * 10000 // count(amount) AS DECIMAL(32, 0)) * CAST(0.000001 AS DECIMAL(6, 6)) AS DECIMAL(38, 6));

-- A number that is not known.
CREATE OR REPLACE MACRO or_null(number) AS nullif(number, CAST('nan' AS DOUBLE));

-- r2 is not known where y does not vary, as it is not where x does not.
CREATE OR REPLACE MACRO regression_r2(y, x) AS CASE WHEN regr_syy(y, x) > 0 THEN regr_r2(y, x) END;
