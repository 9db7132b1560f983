//! Whether the models that the page of edges names fail when the edge is weakened.

use crate::models::{Binary, Verdict};
use crate::rules::Book;
use crate::{Mutant, Session};

/// The tests of `binary` that the page names for the edges at the mutant's place.
pub(crate) fn named<'b>(book: &'b Book, mutant: &Mutant, binary: &Binary) -> Vec<&'b str> {
    let edges = book.edges_at(&mutant.position);
    let claims = book.claims().into_iter().filter(|(edge, _)| edges.contains(edge));
    claims.flat_map(|(_, pattern)| of_binary(book, pattern, binary)).collect()
}

fn of_binary<'b>(book: &'b Book, pattern: &str, binary: &Binary) -> Vec<&'b str> {
    let models = book.models(pattern).filter(|(file, _)| *file == binary.name);
    models.map(|(_, test)| test).collect()
}

impl Session {
    /// Prints the names on the page that notice no mutant of their edge; returns how many.
    pub(crate) fn report_idle(&self, mutants: &[Mutant]) -> usize {
        let claims = self.book.claims();
        println!("{} names of models on the page of edges", claims.len());
        let idle = claims.into_iter().filter(|&(edge, pattern)| {
            let of_edge = |mutant: &&Mutant| self.book.edges_at(&mutant.position).contains(&edge);
            !mutants.iter().filter(of_edge).any(|mutant| self.is_noticed(mutant, pattern))
        });
        idle.map(|(edge, pattern)| println!("IDLE      {pattern} notices no mutant of E{edge}"))
            .count()
    }

    fn is_noticed(&self, mutant: &Mutant, pattern: &str) -> bool {
        let request = mutant.request();
        mutant.binaries.iter().any(|&index| {
            let (binary, baseline) = (&self.binaries[index], &self.baseline[index]);
            let tests = of_binary(&self.book, pattern, binary);
            !tests.is_empty() && {
                let environment = [("ORDMUT", request.as_ref())];
                matches!(binary.run(&tests, &environment, baseline.timeout()), Verdict::Failed(_))
            }
        })
    }
}
