//! Lucky Gas as a generator of data: what its systems would send, day after day, the good and the broken.
//!
//! Everything follows from a seed, a first day and a number of deliveries a day; the same three give the same bytes, for a
//! day that is generated alone as for a day in a row of days, on every machine. Nothing but a bounded agenda of coming days
//! is kept in memory. Start reading at [`Generator`], then `simulation.rs` (what arrives when), `order.rs` (one order and
//! its fate) and `damage.rs` (broken rows).

mod catalog;
mod customer;
mod damage;
mod day;
mod delivery;
mod driver;
mod emit;
mod error;
mod file;
mod movement;
mod movement_file;
mod order;
mod payment;
mod random;
mod record;
mod reference;
mod season;
mod simulation;
mod source;
mod summary;
mod tax_id;
#[cfg(test)]
mod tests;
mod words;
mod world;

use std::ops::Range;
use std::path::Path;

use chrono::NaiveDate;

pub use error::{Error, Result};
pub use source::Source;
pub use summary::{DaySummary, FileSummary};

use day::Day;
use emit::{EventFile, Snapshot, Variant};
use simulation::{Arrivals, Simulation};
use world::World;

/// No row arrives more days after its event than this.
pub const MOST_DAYS_LATE: i32 = 40;

/// More deliveries a day have no room in seven digits of an id.
const MOST_DELIVERIES_PER_DAY: u32 = 1_000_000;

/// What the data depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Another seed gives other customers, orders and mistakes.
    pub seed: u64,
    /// Deliveries on an average day; a winter day has twice as many as a summer Sunday.
    pub deliveries_per_day: u32,
    /// The day on which the company's data begins. All reference rows arrive on it.
    pub first_day: NaiveDate,
}

/// Writes Lucky Gas's files.
pub struct Generator {
    world: World,
    /// Where the last day left off, so that the next one need not begin again.
    simulation: Option<Simulation>,
}

const EVENTS: [Source; 5] = [Source::SalesOrder, Source::Delivery, Source::Payment, Source::CylinderMovement, Source::InventoryCount];

impl Generator {
    /// A generator of the data that the options describe.
    ///
    /// # Errors
    /// If the number of deliveries a day or the first day leaves no room for ids.
    pub fn new(options: Options) -> Result<Self> {
        let given = options.deliveries_per_day;
        if !(1..=MOST_DELIVERIES_PER_DAY).contains(&given) {
            return Err(Error::DeliveriesPerDay { given, most: MOST_DELIVERIES_PER_DAY });
        }
        check_year(options.first_day)?;
        let world = World::new(options.seed, Day::of(options.first_day), given);
        Ok(Generator { world, simulation: None })
    }

    /// Writes what arrives on a day into `<incoming_root>/<date>/`, one file a source. Later days in a row are cheap; any
    /// other day costs a look at the 130 days before it.
    ///
    /// # Errors
    /// If a file cannot be written, or the day is before the first one.
    pub fn write_day(&mut self, date: NaiveDate, incoming_root: &Path) -> Result<DaySummary> {
        let day = self.day(date)?;
        let mut simulation = self.take_simulation(day);
        let arrivals = simulation.advance(&self.world);
        self.simulation = Some(simulation);
        let folder = incoming_root.join(date.to_string());
        let files = Source::ALL.into_iter().map(|source| write_file(&self.world, &folder, source, &arrivals, Variant::default())).collect::<Result<_>>()?;
        Ok(DaySummary { date, files })
    }

    /// Writes the days from the start of the range to before its end, each into its own folder.
    ///
    /// # Errors
    /// As [`Generator::write_day`]; the days before the failing one remain.
    pub fn write_history(&mut self, days: Range<NaiveDate>, incoming_root: &Path) -> Result<Vec<DaySummary>> {
        days.start.iter_days().take_while(|day| *day < days.end).map(|day| self.write_day(day, incoming_root)).collect()
    }

    /// Writes all that arrives on the days of the range into the one folder of `arrival_date`, as a system that is connected
    /// for the first time would: each key as it is on the last of the days, but for a few stale rows. What is late for the
    /// last day arrives with the later days that [`Generator::write_day`] writes.
    ///
    /// # Errors
    /// If a file cannot be written, the range is empty or begins before the first day.
    pub fn write_initial(&mut self, days: Range<NaiveDate>, incoming_root: &Path, arrival_date: NaiveDate) -> Result<DaySummary> {
        let last_date = days.end.pred_opt().filter(|last| *last >= days.start);
        let last_date = last_date.ok_or(Error::NoDays { start: days.start, end: days.end })?;
        let (first, last) = (self.day(days.start)?, self.day(last_date)?);
        let variant = Variant { snapshot: Some(Snapshot { first, last }), corrected: false };
        let folder = incoming_root.join(arrival_date.to_string());
        let mut simulation = self.take_simulation(first);
        let world = &self.world;
        let mut open = Vec::with_capacity(EVENTS.len());
        for source in EVENTS {
            open.push(EventFile::create(world, &folder, source, first, variant)?);
        }
        let mut files = Vec::with_capacity(Source::ALL.len());
        for source in Source::ALL.into_iter().filter(|source| !EVENTS.contains(source)) {
            files.push(write_reference(world, &folder, source, last, variant)?);
        }
        while simulation.next_day() <= last {
            let arrivals = simulation.advance(world);
            open.iter_mut().try_for_each(|file| file.write(&arrivals))?;
        }
        for file in open {
            files.push(file.finish()?);
        }
        self.simulation = Some(simulation);
        Ok(DaySummary { date: arrival_date, files })
    }

    /// Writes the file of one source for an earlier day again, under the same name and with other content: what was broken
    /// is whole, 2 % of the rows have another number, 0.3 % are gone. The same call gives the same bytes again.
    ///
    /// # Errors
    /// As [`Generator::write_day`].
    pub fn write_correction(&self, date: NaiveDate, source: Source, incoming_root: &Path) -> Result<FileSummary> {
        let day = self.day(date)?;
        let arrivals = Simulation::before(&self.world, day).advance(&self.world);
        let variant = Variant { snapshot: None, corrected: true };
        write_file(&self.world, &incoming_root.join(date.to_string()), source, &arrivals, variant)
    }

    fn day(&self, date: NaiveDate) -> Result<Day> {
        check_year(date)?;
        let day = Day::of(date);
        let first_day = self.world.first_day;
        if day < first_day {
            return Err(Error::BeforeFirstDay { day: date, first_day: first_day.date() });
        }
        Ok(day)
    }

    /// The simulation, ready to work through a day; whoever takes it puts it back.
    fn take_simulation(&mut self, day: Day) -> Simulation {
        let ready = self.simulation.take().filter(|simulation| simulation.next_day() == day);
        ready.unwrap_or_else(|| Simulation::before(&self.world, day))
    }
}

fn check_year(day: NaiveDate) -> Result<()> {
    if day::has_ids(day) { Ok(()) } else { Err(Error::Year { day }) }
}

fn write_file(world: &World, folder: &Path, source: Source, arrivals: &Arrivals, variant: Variant) -> Result<FileSummary> {
    if !EVENTS.contains(&source) {
        return write_reference(world, folder, source, arrivals.day, variant);
    }
    let mut file = EventFile::create(world, folder, source, arrivals.day, variant)?;
    file.write(arrivals)?;
    file.finish()
}

fn write_reference(world: &World, folder: &Path, source: Source, day: Day, variant: Variant) -> Result<FileSummary> {
    match source {
        Source::Product => reference::products(folder, variant),
        Source::Depot => reference::depots(world, folder, variant),
        Source::Price => reference::prices(world, folder, day, variant),
        Source::Driver => reference::drivers(world, folder, day, variant),
        _ => emit::customers(world, folder, day, variant),
    }
}
