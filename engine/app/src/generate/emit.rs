//! Writes the rows of orders, deliveries, payments and counts into their files.

use std::path::Path;

use super::customer::Customer;
use super::damage::{self, Damage};
use super::day::{Day, Moment};
use super::delivery::Delivery;
use super::error::Result;
use super::file::TextFile;
use super::movement::StockCount;
use super::movement_file::MovementFile;
use super::order::{Correction, Fate, Order};
use super::random::{Random, Topic};
use super::season::Closure;
use super::simulation::{Arrivals, Sent, paid};
use super::source::Source;
use super::summary::FileSummary;
use super::world::World;

/// How a file differs from the plain rows of a day.
#[derive(Clone, Copy, Default)]
pub(super) struct Variant {
    /// For an initial load: all rows are as on this day, and each key stands in the file once.
    pub(super) snapshot: Option<Snapshot>,
    /// Whether the sender has put the file right and sent it again: broken rows are whole, some others differ or are gone.
    pub(super) corrected: bool,
}

/// The days of an initial load.
#[derive(Clone, Copy)]
pub(super) struct Snapshot {
    pub(super) first: Day,
    pub(super) last: Day,
}

impl Variant {
    /// What becomes of a row: nothing (it is left out), or whether it is altered and how it is damaged.
    pub(super) fn row(self, world: &World, source: Source, key: i64, day: Day, first: bool) -> Option<(bool, Option<Damage>)> {
        if !self.corrected {
            return Some((false, damage::of(world.seed, source, key.unsigned_abs(), day.key())));
        }
        let mut random = Random::keyed(world.seed ^ source as u64, Topic::Revision, key.unsigned_abs(), day.key());
        if first {
            // However short the file is, something in it differs.
            return Some((true, None));
        }
        (!random.chance(3_000)).then(|| (random.chance(20_000), None))
    }
}

/// Starts a file of a day, as empty as the day is.
fn create(folder: &Path, source: Source, day: Day, variant: Variant) -> Result<TextFile> {
    let off = match source {
        Source::Delivery => Closure::of(day) == Closure::Everything,
        Source::InventoryCount => Closure::of(day) == Closure::Office,
        _ => false,
    };
    TextFile::create(folder, source, !off || variant.snapshot.is_some())
}

/// The file of one source of events.
pub(super) struct EventFile<'a> {
    world: &'a World,
    variant: Variant,
    form: Form,
}

enum Form {
    Text(Source, Box<TextFile>),
    Parquet(Box<MovementFile>),
}

impl<'a> EventFile<'a> {
    /// Starts the file of a source other than the reference tables.
    pub(super) fn create(world: &'a World, folder: &Path, source: Source, day: Day, variant: Variant) -> Result<Self> {
        let form = if source == Source::CylinderMovement {
            Form::Parquet(Box::new(MovementFile::create(folder)?))
        } else {
            Form::Text(source, Box::new(create(folder, source, day, variant)?))
        };
        Ok(EventFile { world, variant, form })
    }

    /// Writes what arrived on a day.
    pub(super) fn write(&mut self, arrivals: &Arrivals) -> Result<()> {
        let (world, variant) = (self.world, self.variant);
        let day = arrivals.day;
        match &mut self.form {
            Form::Parquet(file) => file.write(world, variant, arrivals),
            Form::Text(Source::SalesOrder, file) => arrivals.orders.iter().try_for_each(|sent| order(world, variant, day, sent, file)),
            Form::Text(Source::Delivery, file) => arrivals.deliveries.iter().try_for_each(|sent| delivery(world, variant, day, sent, file)),
            Form::Text(Source::Payment, file) => arrivals.payments.iter().try_for_each(|sent| payment(world, variant, day, sent, file)),
            Form::Text(_, file) => arrivals.counts.iter().try_for_each(|row| count(world, variant, row, file)),
        }
    }

    pub(super) fn finish(self) -> Result<FileSummary> {
        match self.form {
            Form::Text(_, file) => file.finish(),
            Form::Parquet(file) => file.finish(),
        }
    }
}

/// The states in which a row of an upserted source is written on a day: most often one.
struct States {
    now: Option<Day>,
    /// The state before a correction, sent once more by mistake.
    stale: Option<Day>,
}

impl Variant {
    fn states(self, day: Day, sent: &Sent, arrival: Day, correction: Option<Correction>) -> States {
        let resent = correction.filter(|correction| correction.resent).map(|correction| correction.at.day);
        match self.snapshot {
            None => States { now: Some(day), stale: resent.filter(|at| sent.again && *at == day).map(|at| at.plus(-1)) },
            Some(snapshot) if sent.again && arrival >= snapshot.first => States { now: None, stale: None },
            Some(snapshot) => {
                let stale = resent.filter(|at| *at <= snapshot.last).map(|at| at.plus(-1));
                States { now: Some(snapshot.last), stale }
            }
        }
    }
}

impl States {
    fn days(self) -> impl Iterator<Item = Day> {
        self.now.into_iter().chain(self.stale)
    }
}

fn order(world: &World, variant: Variant, day: Day, sent: &Sent, file: &mut TextFile) -> Result<()> {
    let order = Order::derive(world, sent.order);
    let outcome = match order.fate {
        Fate::Forgotten => None,
        Fate::Cancelled(moment) => Some((moment, "cancelled")),
        Fate::Visited(moment) => Some(Delivery::derive(world, &order, moment).order_outcome()),
    };
    for as_of in variant.states(day, sent, order.arrival, order.correction).days() {
        let first = file.summary().rows == 0;
        let id = order.key.id();
        let Some((altered, damage)) = variant.row(world, Source::SalesOrder, id, as_of, first) else { continue };
        order.write(as_of, outcome, altered, file.row());
        file.end_row(damage)?;
        let late = !sent.again && order.arrival > order.key.day;
        tally(file.summary(), as_of, late, order.correction, order.deletion);
    }
    Ok(())
}

fn delivery(world: &World, variant: Variant, day: Day, sent: &Sent, file: &mut TextFile) -> Result<()> {
    let order = Order::derive(world, sent.order);
    let Fate::Visited(moment) = order.fate else { return Ok(()) };
    let delivery = Delivery::derive(world, &order, moment);
    for as_of in variant.states(day, sent, delivery.arrival, delivery.correction).days() {
        let first = file.summary().rows == 0;
        let id = moment.day.id(sent.sequence);
        let Some((altered, damage)) = variant.row(world, Source::Delivery, id, as_of, first) else { continue };
        delivery.write(&order, sent.sequence, as_of, altered, file.row());
        file.end_row(damage)?;
        let late = !sent.again && delivery.arrival > moment.day;
        tally(file.summary(), as_of, late, delivery.correction, delivery.deletion);
    }
    Ok(())
}

fn tally(summary: &mut FileSummary, as_of: Day, late: bool, correction: Option<Correction>, deletion: Option<Moment>) {
    let deleted = deletion.is_some_and(|moment| moment.day <= as_of);
    summary.late += u64::from(late);
    summary.deletions += u64::from(deleted);
    summary.corrections += u64::from(!deleted && correction.is_some_and(|correction| correction.at.day <= as_of));
}

fn payment(world: &World, variant: Variant, day: Day, sent: &Sent, file: &mut TextFile) -> Result<()> {
    let order = Order::derive(world, sent.order);
    let Some((_, payment)) = paid(world, &order) else { return Ok(()) };
    let first = file.summary().rows == 0;
    let id = payment.paid_at.day.id(sent.sequence);
    let Some((altered, damage)) = variant.row(world, Source::Payment, id, payment.arrival, first) else { return Ok(()) };
    payment.write(&order, sent.sequence, altered, file.row());
    file.end_row(damage)?;
    file.summary().late += u64::from(payment.paid_at.day < day);
    Ok(())
}

fn count(world: &World, variant: Variant, count: &StockCount, file: &mut TextFile) -> Result<()> {
    let first = file.summary().rows == 0;
    let id = count.counted_at.day.id(count.sequence());
    let day = count.counted_at.day;
    let Some((altered, damage)) = variant.row(world, Source::InventoryCount, id, day, first) else { return Ok(()) };
    let record = file.row();
    record.integer(id).integer(i64::from(count.depot) + 1).integer(i64::from(count.product) + 1);
    record.timestamp(count.counted_at).integer(count.full + i64::from(altered)).integer(count.empty);
    file.end_row(damage)
}

/// Writes the customers whose rows arrive on a day, or all that there are at the end of a snapshot.
pub(super) fn customers(world: &World, folder: &Path, day: Day, variant: Variant) -> Result<FileSummary> {
    let mut file = create(folder, Source::Customer, day, variant)?;
    let customers = &world.customers;
    let all = variant.snapshot.is_some() || day == world.first_day;
    for id in 1..=customers.count(day) {
        let customer: Customer = customers.customer(id);
        if !all && !customers.is_sent(&customer, day) {
            continue;
        }
        let first = file.summary().rows == 0;
        let Some((altered, damage)) = variant.row(world, Source::Customer, i64::from(id), day, first) else { continue };
        let wrong_tax_id = customers.write(&customer, day, altered, file.row());
        file.end_row(damage)?;
        let summary = file.summary();
        summary.broken += u64::from(wrong_tax_id && damage.is_none());
        let (changed, deleted) = customers.has_changed(&customer, day);
        summary.corrections += u64::from(changed && !deleted);
        summary.deletions += u64::from(deleted);
    }
    file.finish()
}
