//! Who buys. Everything about a customer follows from the seed, the id and the day.

use super::catalog::{self, DEPOT_WEIGHTS, Depot};
use super::day::{Day, Moment};
use super::random::{Random, Topic};
use super::record::Record;
use super::{tax_id, words};

const FEWEST: u32 = 300;
const MOST: u32 = 400_000;
const PER_DAILY_DELIVERY: u32 = 25;
/// One of these customers changes every day.
const CHANGE_PERIOD: i32 = 700;
/// One of this many customers joins every day.
const JOINING: u32 = 9_000;

const FLATTENING: f64 = 0.03;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Household,
    Restaurant,
    Industry,
    Institution,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Household => "household",
            Kind::Restaurant => "restaurant",
            Kind::Industry => "industry",
            Kind::Institution => "institution",
        }
    }
}

/// What stays the same for a customer's whole life.
#[derive(Clone, Copy)]
pub(super) struct Customer {
    pub(super) id: u32,
    pub(super) kind: Kind,
    /// Parts per thousand off the list price.
    pub(super) discount: i32,
    home_depot: u8,
    registered: Day,
    /// Where in [`CHANGE_PERIOD`] its changes lie.
    phase: i32,
    deleted: Option<Day>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    CreditLimit,
    Phone,
    Address,
    Depot,
}

/// All customers of the company.
pub(super) struct Customers {
    seed: u64,
    first_day: Day,
    /// How many there are on the first day.
    initial: u32,
    /// How many join every day after it.
    joining: u32,
    /// `id = rank * multiplier + offset`, modulo `initial`, so that big customers are spread over the ids.
    multiplier: u64,
    inverse: u64,
    offset: u64,
    /// Those of the first day by their ids: a bounded list that only saves time.
    known: Vec<Customer>,
}

impl Customers {
    pub(super) fn new(seed: u64, first_day: Day, deliveries_per_day: u32) -> Self {
        let initial = deliveries_per_day.saturating_mul(PER_DAILY_DELIVERY).clamp(FEWEST, MOST);
        let mut random = Random::keyed(seed, Topic::Ranking, u64::from(initial), 0);
        let modulus = u64::from(initial);
        let (multiplier, inverse) = loop {
            let candidate = 1 + u64::from(random.below(initial - 1));
            if let Some(inverse) = inverse(candidate, modulus) {
                break (candidate, inverse);
            }
        };
        let offset = u64::from(random.below(initial));
        let joining = (initial / JOINING).max(1);
        let mut customers = Customers { seed, first_day, initial, joining, multiplier, inverse, offset, known: Vec::new() };
        customers.known = (1..=initial).map(|id| customers.derive(id)).collect();
        customers
    }

    /// The highest id that is registered on a day.
    pub(super) fn count(&self, day: Day) -> u32 {
        self.initial + self.joining * day.since(self.first_day).max(0).unsigned_abs()
    }

    /// Somebody who orders on a day. A customer's share falls with the two-thirds power of its rank: 1 % of them order 20 %.
    /// The very first ranks are flattened, so that none of them is a fortieth of the company.
    pub(super) fn draw(&self, random: &mut Random, day: Day) -> Customer {
        let joined = self.count(day) - self.initial;
        let mut attempts = 0;
        loop {
            let id = if joined > 0 && random.chance(30_000) {
                self.initial + 1 + random.below(joined)
            } else {
                let unit = FLATTENING + (1.0 - FLATTENING) * random.unit();
                let place = unit * unit * unit - FLATTENING * FLATTENING * FLATTENING;
                let rank = (place * f64::from(self.initial)) as u64;
                1 + ((rank * self.multiplier + self.offset) % u64::from(self.initial)) as u32
            };
            let customer = self.customer(id);
            attempts += 1;
            if attempts == 4 || customer.deleted.is_none_or(|deleted| deleted > day) {
                return customer;
            }
        }
    }

    pub(super) fn customer(&self, id: u32) -> Customer {
        self.known.get(id as usize - 1).copied().unwrap_or_else(|| self.derive(id))
    }

    fn derive(&self, id: u32) -> Customer {
        let mut random = Random::keyed(self.seed, Topic::Customer, u64::from(id), 0);
        let initial = u64::from(self.initial);
        let newcomer = id > self.initial;
        let rank = (u64::from(id) - 1 + initial - self.offset) * self.inverse % initial;
        // How far up the ranking, in ten-thousandths.
        let place = if newcomer { 9_999 } else { rank * 10_000 / initial };
        let kind = match (place, random.below(100)) {
            (0..40, 0..65) => Kind::Industry,
            (0..40, 65..80) | (40..600, 0..6) => Kind::Institution,
            (0..600, 0..90) => Kind::Restaurant,
            (600.., 0..5) => Kind::Restaurant,
            _ => Kind::Household,
        };
        let discount = match kind {
            Kind::Household => random.between(0, 20),
            Kind::Restaurant => random.between(15, 60),
            Kind::Industry => random.between(50, 120),
            Kind::Institution => random.between(30, 80),
        };
        let home_depot = random.weighted(&DEPOT_WEIGHTS) as u8;
        let phase = random.between(0, CHANGE_PERIOD - 1);
        let leaves = random.chance(20_000);
        let deleted = (leaves && place > 2_000 && !newcomer).then(|| self.first_day.plus(random.between(1, 900)));
        let registered =
            if newcomer { self.first_day.plus(1 + ((id - self.initial - 1) / self.joining) as i32) } else { self.first_day.plus(-random.between(1, 7_000)) };
        Customer { id, kind, discount, home_depot, registered, phase, deleted }
    }

    /// The depot that serves the customer on a day.
    pub(super) fn depot(&self, customer: &Customer, day: Day) -> u8 {
        let moved = (1..=self.version(customer, day)).rev().find(|version| self.change(customer, *version) == Change::Depot);
        moved.map_or(customer.home_depot, |version| {
            let mut random = self.change_stream(customer, version);
            random.bits();
            random.weighted(&DEPOT_WEIGHTS) as u8
        })
    }

    /// Whether the customer's row is sent on a day after the first.
    pub(super) fn is_sent(&self, customer: &Customer, day: Day) -> bool {
        if customer.deleted.is_some_and(|deleted| deleted < day) || customer.registered > day {
            return false;
        }
        customer.registered == day || customer.deleted == Some(day) || (day.0 + customer.phase) % CHANGE_PERIOD == 0 && self.version(customer, day) > 0
    }

    /// Whether the customer's row has changed by the end of a day since it was first sent, and whether it is deleted.
    pub(super) fn has_changed(&self, customer: &Customer, day: Day) -> (bool, bool) {
        (self.version(customer, day) > 0, customer.deleted.is_some_and(|deleted| deleted <= day))
    }

    /// How often the customer has changed since it came or the data began, up to a day.
    fn version(&self, customer: &Customer, day: Day) -> i32 {
        let last = customer.deleted.map_or(day, |deleted| deleted.plus(-1).min(day));
        let from = self.first_day.max(customer.registered);
        let periods = |day: Day| (day.0 + customer.phase).div_euclid(CHANGE_PERIOD);
        (periods(last) - periods(from)).max(0)
    }

    fn change_stream(&self, customer: &Customer, version: i32) -> Random {
        Random::keyed(self.seed, Topic::CustomerChange, u64::from(customer.id), u64::from(version.unsigned_abs()))
    }

    fn change(&self, customer: &Customer, version: i32) -> Change {
        match self.change_stream(customer, version).below(100) {
            0..55 => Change::CreditLimit,
            55..80 => Change::Phone,
            80..93 => Change::Address,
            _ => Change::Depot,
        }
    }

    /// Writes the customer as it is at the end of a day, and says whether its tax id is invalid.
    pub(super) fn write(&self, customer: &Customer, day: Day, altered: bool, record: &mut Record) -> bool {
        let version = self.version(customer, day);
        let latest = |wanted: &[Change]| (1..=version).rev().find(|version| wanted.contains(&self.change(customer, *version))).unwrap_or(0);
        let facet = |number: u64, version: i32| {
            let key = number * 1_000 + u64::from(version.unsigned_abs());
            Random::keyed(self.seed, Topic::Customer, u64::from(customer.id), key)
        };
        let depot_index = self.depot(customer, day);
        let depot = catalog::depot(depot_index);
        let mut text = String::new();

        record.integer(i64::from(customer.id));
        name(&mut facet(1, 0), customer.kind, &catalog::depot(customer.home_depot), &mut text);
        record.text(&text);
        let invalid = write_tax_id(&mut facet(2, 0), customer.kind, version, record);
        record.word(customer.kind.name());
        let mut random = facet(3, latest(&[Change::Address, Change::Depot]));
        let district = random.pick(depot.districts);
        text.clear();
        words::address(&mut random, &depot, district, &mut text);
        record.word(district).text(&text);
        text.clear();
        words::phone(&mut facet(4, latest(&[Change::Phone])), &depot, customer.kind == Kind::Household, &mut text);
        record.word(&text).integer(i64::from(depot_index) + 1);
        let limit = credit_limit(&mut facet(5, latest(&[Change::CreditLimit])), customer.kind);
        record.decimal(limit + if altered { 100_000 } else { 0 });
        record.date(customer.registered).timestamp(self.updated_at(customer, day, version));
        record.boolean(customer.deleted.is_some_and(|deleted| deleted <= day));
        invalid
    }

    fn updated_at(&self, customer: &Customer, day: Day, version: i32) -> Moment {
        let second = Random::keyed(self.seed, Topic::Customer, u64::from(customer.id), version.unsigned_abs().into()).below(28_800);
        let at = |day: Day| Moment { day, second: 8 * 3600 + second };
        match customer.deleted {
            Some(deleted) if deleted <= day => Moment { day: deleted, second: 18 * 3600 },
            _ if version > 0 => at(day.plus(-(day.0 + customer.phase).rem_euclid(CHANGE_PERIOD))),
            _ => at(customer.registered),
        }
    }
}

fn name(random: &mut Random, kind: Kind, depot: &Depot, text: &mut String) {
    match kind {
        Kind::Household => words::person(random, text),
        Kind::Restaurant => words::restaurant(random, depot, text),
        Kind::Industry => words::company(random, text),
        Kind::Institution => words::institution(random, depot, text),
    }
}

/// One business in a hundred has given a wrong number; it is put right with the first change.
fn write_tax_id(random: &mut Random, kind: Kind, version: i32, record: &mut Record) -> bool {
    let has_one = match kind {
        Kind::Household => false,
        Kind::Restaurant => random.chance(850_000),
        Kind::Industry | Kind::Institution => true,
    };
    if !has_one {
        record.null();
        return false;
    }
    let wrong = random.chance(10_000) && version == 0;
    let digits = tax_id::make(random, !wrong);
    record.word(std::str::from_utf8(&digits).unwrap_or_default());
    wrong
}

/// In hundredths of a dollar.
fn credit_limit(random: &mut Random, kind: Kind) -> i64 {
    let (low, high, step) = match kind {
        Kind::Household => (0, 5, 100_000),
        Kind::Restaurant => (3, 30, 1_000_000),
        Kind::Industry => (10, 80, 5_000_000),
        Kind::Institution => (5, 40, 2_500_000),
    };
    i64::from(random.between(low, high)) * step
}

/// The number that takes a multiplication with `value` back, if `value` and `modulus` have no common divisor.
fn inverse(value: u64, modulus: u64) -> Option<u64> {
    let (mut old_remainder, mut remainder) = (value as i64, modulus as i64);
    let (mut old_factor, mut factor) = (1_i64, 0_i64);
    while remainder != 0 {
        let quotient = old_remainder / remainder;
        (old_remainder, remainder) = (remainder, old_remainder - quotient * remainder);
        (old_factor, factor) = (factor, old_factor - quotient * factor);
    }
    (old_remainder == 1).then(|| old_factor.rem_euclid(modulus as i64) as u64)
}
