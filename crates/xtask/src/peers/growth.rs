//! How cost grows: the exponent k of cost = c * n^k between measurements, the slope in a log-log picture.

/// The exponents between neighbours of (n, cost), and the one from the first to the last. A point that costs nothing
/// has none.
pub(super) fn exponents(points: &[(u64, f64)]) -> (Vec<f64>, f64) {
    let between = points.windows(2).map(|pair| exponent(pair[0], pair[1])).collect();
    let overall = match points {
        [first, .., last] => exponent(*first, *last),
        _ => f64::NAN,
    };
    (between, overall)
}

fn exponent((n, cost): (u64, f64), (more, dearer): (u64, f64)) -> f64 {
    (dearer / cost).ln() / (more as f64 / n as f64).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_has_the_exponent_two() {
        let (between, overall) = exponents(&[(10, 3.0), (100, 300.0), (1000, 30_000.0)]);
        assert!(between.iter().chain([&overall]).all(|k| (k - 2.0).abs() < 1e-9), "{between:?} {overall}");
    }
}
