//! An order: everything that will ever happen to it follows from the seed, its day and its number on that day.

use super::catalog::BULK;
use super::customer::{Customer, Kind};
use super::day::{Day, Moment};
use super::random::{Random, Topic};
use super::record::Record;
use super::season;
use super::world::World;

/// Names an order: its day, its number on that day in the order of time, and the second of the day.
#[derive(Clone, Copy)]
pub(super) struct OrderKey {
    pub(super) day: Day,
    pub(super) index: u32,
    pub(super) second: u32,
}

impl OrderKey {
    pub(super) fn id(self) -> i64 {
        self.day.id(self.index + 1)
    }

    pub(super) fn moment(self) -> Moment {
        Moment { day: self.day, second: self.second }
    }
}

/// When drivers make extra trips, in seconds after midnight.
const EXTRA_TRIPS_FROM: u32 = 7 * 3600;
const EXTRA_TRIPS_UNTIL: u32 = 19 * 3600;

/// How an order ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nobody ever came.
    Forgotten,
    Cancelled(Moment),
    /// A driver was there; whether with success is the delivery's matter.
    Visited(Moment),
}

/// A later change of a row's quantity.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Correction {
    pub(super) at: Moment,
    pub(super) quantity: i64,
    /// Whether the sender sends the uncorrected row once more, after the corrected one.
    pub(super) resent: bool,
}

/// All facts of an order.
pub(super) struct Order {
    pub(super) key: OrderKey,
    pub(super) customer: Customer,
    pub(super) depot: u8,
    pub(super) product: u8,
    pub(super) quantity: i64,
    /// In hundredths of a dollar.
    pub(super) unit_price: i64,
    pub(super) fate: Fate,
    /// The day on which its first row arrives.
    pub(super) arrival: Day,
    pub(super) correction: Option<Correction>,
    pub(super) deletion: Option<Moment>,
    channel: &'static str,
    due_on: Day,
}

impl Order {
    pub(super) fn derive(world: &World, key: OrderKey) -> Self {
        let mut random = Random::keyed(world.seed, Topic::Order, key.day.key(), u64::from(key.index));
        let customer = world.customers.draw(&mut random, key.day);
        let product = draw_product(&mut random, customer.kind);
        let quantity = draw_quantity(&mut random, customer.kind, product);
        let list_price = world.list_price(product, key.day);
        let step = if product == BULK { 5 } else { 50 };
        let unit_price = list_price * i64::from(1000 - customer.discount) / 1000 / step * step;
        let fate = draw_fate(&mut random, key);
        let arrival = key.day.plus(random.lateness());
        let correction = random.chance(3_000).then(|| draw_correction(&mut random, arrival, quantity));
        let deletion = random.chance(500).then(|| Moment { day: arrival.plus(random.between(1, 20)), second: 82_000 });
        let terms = match customer.kind {
            Kind::Household => 0,
            Kind::Restaurant | Kind::Institution => 30,
            Kind::Industry => 45,
        };
        Order {
            key,
            depot: world.customers.depot(&customer, key.day),
            channel: draw_channel(&mut random, key.second),
            due_on: key.day.plus(terms),
            customer,
            product,
            quantity,
            unit_price,
            fate,
            arrival,
            correction,
            deletion,
        }
    }

    /// The moments after the first arrival at which the row changes and is sent again.
    pub(super) fn later_changes(&self, status_change: Option<Moment>) -> impl Iterator<Item = Moment> {
        let changes = [status_change, self.correction.map(|correction| correction.at), self.deletion];
        let arrival = self.arrival;
        changes.into_iter().flatten().filter(move |moment| moment.day > arrival)
    }

    /// Writes the order as it is at the end of a day. `outcome` is when and how it ended.
    pub(super) fn write(&self, as_of: Day, outcome: Option<(Moment, &'static str)>, altered: bool, record: &mut Record) {
        let mut quantity = self.quantity;
        let mut status = if self.key.index.is_multiple_of(9) { "pending" } else { "confirmed" };
        let mut updated_at = self.key.moment().plus(90);
        if let Some((moment, name)) = outcome.filter(|(moment, _)| moment.day <= as_of) {
            status = name;
            updated_at = moment;
        }
        if let Some(correction) = self.correction.filter(|correction| correction.at.day <= as_of) {
            quantity = correction.quantity;
            updated_at = updated_at.max(correction.at);
        }
        let deletion = self.deletion.filter(|deletion| deletion.day <= as_of);
        if let Some(deletion) = deletion {
            updated_at = updated_at.max(deletion);
        }
        quantity += i64::from(altered);
        record.integer(self.key.id()).integer(i64::from(self.customer.id));
        record.integer(i64::from(self.depot) + 1).integer(i64::from(self.product) + 1);
        record.timestamp(self.key.moment()).integer(quantity);
        record.decimal(self.unit_price).decimal(self.unit_price * quantity);
        record.date(self.due_on).word(self.channel).word(status);
        record.timestamp(updated_at).boolean(deletion.is_some());
    }
}

fn draw_product(random: &mut Random, kind: Kind) -> u8 {
    random.weighted(match kind {
        Kind::Household => &[3, 10, 22, 56, 1, 0, 4, 4],
        Kind::Restaurant => &[1, 4, 12, 40, 38, 2, 2, 1],
        Kind::Industry => &[0, 0, 2, 8, 52, 37, 1, 0],
        Kind::Institution => &[0, 2, 8, 30, 48, 10, 1, 1],
    }) as u8
}

fn draw_quantity(random: &mut Random, kind: Kind, product: u8) -> i64 {
    let quantity = match (kind, product == BULK) {
        // Kilograms.
        (Kind::Industry, true) => random.between(20, 200) * 10,
        (_, true) => random.between(10, 60) * 10,
        (Kind::Household, _) => 1 + i32::from(random.chance(120_000)),
        (Kind::Restaurant, _) => 1 + (random.unit() * random.unit() * 6.0) as i32,
        (Kind::Industry, _) => 2 + (random.unit() * random.unit() * 20.0) as i32,
        (Kind::Institution, _) => 1 + (random.unit() * random.unit() * 12.0) as i32,
    };
    i64::from(quantity)
}

fn draw_fate(random: &mut Random, key: OrderKey) -> Fate {
    match random.below(1000) {
        0..5 => return Fate::Forgotten,
        5..40 => return Fate::Cancelled(key.moment().plus(i64::from(random.between(300, 129_600)))),
        _ => {}
    }
    let days = match random.below(100) {
        0..62 => 0,
        62..90 => 1,
        90..98 => 2,
        _ => 3,
    };
    let second = season::second_at(&season::DELIVERY_HOURS, random.bits() as u32);
    let mut visit = Moment { day: key.day.plus(days), second };
    let ready = key.moment().plus(i64::from(random.between(1_500, 10_800)));
    if visit < ready {
        // Too late for the round: an extra trip by day, or the next round after the night.
        visit = match ready.second {
            EXTRA_TRIPS_FROM..EXTRA_TRIPS_UNTIL => ready,
            0..EXTRA_TRIPS_FROM => ready.max(Moment { second, ..ready }),
            _ => Moment { day: ready.day.plus(1), second },
        };
    }
    Fate::Visited(Moment { day: season::open_from(visit.day), second: visit.second })
}

fn draw_channel(random: &mut Random, second: u32) -> &'static str {
    let night = !(7 * 3600..22 * 3600).contains(&second);
    let weights: &[u32] = if night { &[0, 55, 45, 0] } else { &[46, 18, 26, 10] };
    ["phone", "app", "line", "counter"].get(random.weighted(weights)).copied().unwrap_or("phone")
}

/// Somebody notices up to 20 days after the row has arrived.
pub(super) fn draw_correction(random: &mut Random, arrival: Day, quantity: i64) -> Correction {
    let unit = random.unit();
    let day = arrival.plus(1 + (unit * unit * 20.0) as i32);
    let second = 64_800 + random.below(14_400);
    let change = if quantity == 1 || random.chance(500_000) { 1 } else { -1 };
    Correction { at: Moment { day, second }, quantity: quantity + change, resent: random.chance(100_000) }
}
