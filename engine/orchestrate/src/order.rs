//! The order of the steps.

use std::collections::{BTreeSet, HashMap};

use nightshift_diagnostic::{Fault, Faulty, closest};

use crate::runner::StepSpec;

/// Why steps have no order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// Two steps have the same name.
    #[error("there are two steps named {0}")]
    Duplicate(String),
    /// A step depends on one that is not there.
    #[error("{step} depends on {dependency}, which is not a step of this pipeline{}", hint(did_you_mean.as_deref()))]
    Unknown {
        /// The step.
        step: String,
        /// What it depends on.
        dependency: String,
        /// A step with a similar name.
        did_you_mean: Option<String>,
    },
    /// Steps depend on each other in a circle.
    #[error("steps depend on each other in a circle: {}", .0.join(" -> "))]
    Cycle(
        /// The circle, each step followed by one that it depends on; the first and the last are the same.
        Vec<String>,
    ),
}

fn hint(name: Option<&str>) -> String {
    name.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

impl Faulty for OrderError {
    fn fault(&self) -> Fault {
        Fault::User
    }
}

/// Puts steps into the order in which they start when they run one at a time: no step before one that it depends on; among
/// those that could start, the most urgent first, then by name. A step is as urgent as the most urgent one that waits for
/// it, so that a pressing report does not stand behind others' rollups.
///
/// # Errors
/// If two steps have the same name, a dependency is not there, or they depend on each other in a circle.
pub fn order(steps: Vec<StepSpec>) -> Result<Vec<StepSpec>, OrderError> {
    let graph = Graph::of(&steps)?;
    let by_name = graph.sort(&steps, |step| (0, step.name.as_str()));
    if by_name.len() < steps.len() {
        return Err(OrderError::Cycle(graph.circle(&steps, &by_name)));
    }
    let urgency = graph.urgency(&steps, &by_name);
    let sorted = graph.sort(&steps, |step| (urgency.get(step.name.as_str()).copied().unwrap_or(step.priority), step.name.as_str()));
    let mut places: Vec<Option<StepSpec>> = steps.into_iter().map(Some).collect();
    Ok(sorted.into_iter().filter_map(|step| places.get_mut(step)?.take()).collect())
}

/// For each step, by its index, those that it depends on and those that wait for it.
struct Graph {
    dependencies: Vec<Vec<usize>>,
    dependents: Vec<Vec<usize>>,
}

impl Graph {
    fn of(steps: &[StepSpec]) -> Result<Self, OrderError> {
        let mut index = HashMap::new();
        for (position, step) in steps.iter().enumerate() {
            if index.insert(step.name.as_str(), position).is_some() {
                return Err(OrderError::Duplicate(step.name.clone()));
            }
        }
        let mut dependencies = Vec::with_capacity(steps.len());
        let mut dependents = vec![Vec::new(); steps.len()];
        for (position, step) in steps.iter().enumerate() {
            let mut own = BTreeSet::new();
            for name in &step.depends_on {
                let dependency = *index.get(name.as_str()).ok_or_else(|| unknown(steps, step, name))?;
                own.insert(dependency);
            }
            for dependency in &own {
                if let Some(waiting) = dependents.get_mut(*dependency) {
                    waiting.push(position);
                }
            }
            dependencies.push(own.into_iter().collect());
        }
        Ok(Self { dependencies, dependents })
    }

    /// Kahn's algorithm; of the steps that could start, the one with the least key. Steps in or behind a circle are left out.
    fn sort<'a, K: Ord>(&self, steps: &'a [StepSpec], key: impl Fn(&'a StepSpec) -> K) -> Vec<usize> {
        let mut missing: Vec<usize> = self.dependencies.iter().map(Vec::len).collect();
        let mut startable: BTreeSet<(K, usize)> =
            steps.iter().enumerate().filter(|(position, _)| missing.get(*position) == Some(&0)).map(|(position, step)| (key(step), position)).collect();
        let mut sorted = Vec::with_capacity(steps.len());
        while let Some((_, next)) = startable.pop_first() {
            sorted.push(next);
            for dependent in self.dependents.get(next).into_iter().flatten() {
                let (Some(count), Some(step)) = (missing.get_mut(*dependent), steps.get(*dependent)) else {
                    continue;
                };
                *count -= 1;
                if *count == 0 {
                    startable.insert((key(step), *dependent));
                }
            }
        }
        sorted
    }

    /// The urgency of each step: the least priority number of itself and all that wait for it.
    fn urgency<'a>(&self, steps: &'a [StepSpec], sorted: &[usize]) -> HashMap<&'a str, u8> {
        let mut urgency: Vec<u8> = steps.iter().map(|step| step.priority).collect();
        for step in sorted.iter().rev() {
            let waiting = self.dependents.get(*step).into_iter().flatten();
            let pressed = waiting.filter_map(|dependent| urgency.get(*dependent)).min().copied();
            if let (Some(own), Some(pressed)) = (urgency.get_mut(*step), pressed) {
                *own = pressed.min(*own);
            }
        }
        steps.iter().zip(urgency).map(|(step, urgency)| (step.name.as_str(), urgency)).collect()
    }

    /// A circle among the steps that could not be sorted: from any of them, go on to a dependency that could not be sorted
    /// either (there is one, or it could have been), until a step comes a second time.
    fn circle(&self, steps: &[StepSpec], sorted: &[usize]) -> Vec<String> {
        let unsorted = |step: &usize| !sorted.contains(step);
        let mut path: Vec<usize> = Vec::new();
        let mut next = (0..steps.len()).find(unsorted);
        while let Some(step) = next {
            if let Some(start) = path.iter().position(|earlier| *earlier == step) {
                path.drain(..start);
                path.push(step);
                break;
            }
            path.push(step);
            next = self.dependencies.get(step).and_then(|own| own.iter().copied().find(unsorted));
        }
        path.iter().filter_map(|step| steps.get(*step)).map(|step| step.name.clone()).collect()
    }
}

fn unknown(steps: &[StepSpec], step: &StepSpec, dependency: &str) -> OrderError {
    let names = steps.iter().map(|step| step.name.as_str());
    OrderError::Unknown { step: step.name.clone(), dependency: dependency.to_owned(), did_you_mean: closest(dependency, names).map(ToOwned::to_owned) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;
    use crate::tests::{acyclic_steps, step};

    fn names(steps: &[StepSpec]) -> Vec<&str> {
        steps.iter().map(|step| step.name.as_str()).collect()
    }

    #[test]
    fn the_urgent_come_first_and_take_along_what_they_wait_for() {
        let steps = vec![
            StepSpec { priority: 3, ..step("a", &[]) },
            StepSpec { priority: 3, ..step("b", &[]) },
            StepSpec { priority: 4, ..step("z", &[]) },
            StepSpec { priority: 1, ..step("closing", &["z"]) },
        ];
        assert_eq!(names(&order(steps).unwrap()), ["z", "closing", "a", "b"]);
    }

    #[test]
    fn a_circle_is_shown_as_it_runs() {
        let steps = vec![step("before", &[]), step("a", &["before", "b"]), step("b", &["c"]), step("c", &["a"]), step("x", &["c"])];
        let error = order(steps).unwrap_err();
        assert_eq!(error.to_string(), "steps depend on each other in a circle: a -> b -> c -> a");
    }

    #[test]
    fn what_is_not_there_gets_a_hint() {
        let error = order(vec![step("refresh:depot_daily", &[]), step("report:sales", &["refresh:depot_dayly"])]).unwrap_err();
        assert!(matches!(error, OrderError::Unknown { did_you_mean: Some(name), .. } if name == "refresh:depot_daily"));
        assert_eq!(order(vec![step("a", &[]), step("a", &[])]).unwrap_err(), OrderError::Duplicate("a".to_owned()));
    }

    proptest! {
        #[test]
        fn the_order_respects_dependencies_and_not_the_order_of_the_input(steps in acyclic_steps(12)) {
            let sorted = order(steps.clone()).unwrap();
            let mut reversed = steps;
            reversed.reverse();
            prop_assert_eq!(&order(reversed).unwrap(), &sorted);
            let position = |name: &str| sorted.iter().position(|step| step.name == name).unwrap();
            for step in &sorted {
                for dependency in &step.depends_on {
                    prop_assert!(position(dependency) < position(&step.name));
                }
            }
        }
    }
}
