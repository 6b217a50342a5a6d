//! A treemap: areas as large as their weights, as near to squares as they can be (Bruls, Huizing and van Wijk, "Squarified
//! treemaps").

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Divides an area by weights, which are positive and in descending order.
pub(super) fn layout(weights: &[f64], mut area: Area) -> Vec<Area> {
    let mut areas = Vec::with_capacity(weights.len());
    let mut rest = weights;
    while !rest.is_empty() {
        let whole: f64 = rest.iter().sum();
        let scale = area.width * area.height / whole;
        let side = area.width.min(area.height);
        let row = row(rest, scale, side);
        let taken: f64 = rest.iter().take(row).sum();
        let depth = taken * scale / side;
        let mut along = 0.0;
        for weight in rest.iter().take(row) {
            let length = weight / taken * side;
            areas.push(if area.width >= area.height {
                Area { x: area.x, y: area.y + along, width: depth, height: length }
            } else {
                Area { x: area.x + along, y: area.y, width: length, height: depth }
            });
            along += length;
        }
        if area.width >= area.height {
            area = Area { x: area.x + depth, width: (area.width - depth).max(0.0), ..area };
        } else {
            area = Area { y: area.y + depth, height: (area.height - depth).max(0.0), ..area };
        }
        rest = rest.get(row..).unwrap_or_default();
        if area.width <= 0.0 || area.height <= 0.0 {
            break;
        }
    }
    areas
}

/// How many of the weights stand in one row along a side: as many as make its areas more like squares.
fn row(weights: &[f64], scale: f64, side: f64) -> usize {
    let worst = |count: usize| {
        let row = weights.get(..count).unwrap_or_default();
        let depth = row.iter().sum::<f64>() * scale / side;
        let ratio = |weight: &f64| {
            let length = weight * scale / depth;
            (length / depth).max(depth / length)
        };
        row.iter().map(ratio).fold(0.0, f64::max)
    };
    let better = |count: &usize| worst(*count + 1) <= worst(*count);
    1 + (1..weights.len()).take_while(better).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_fill_the_whole_and_have_their_weights() {
        let weights = [600.0, 250.0, 80.0, 40.0, 20.0, 9.0, 1.0];
        let whole = Area { x: 0.0, y: 0.0, width: 1000.0, height: 360.0 };
        let areas = layout(&weights, whole);
        assert_eq!(areas.len(), weights.len());
        for (area, weight) in areas.iter().zip(weights) {
            assert!((area.width * area.height - weight * 360.0).abs() < 1.0, "{area:?}");
            assert!(
                area.x >= 0.0 && area.x + area.width <= 1000.01 && area.y + area.height <= 360.01,
                "{area:?}"
            );
        }
        for (n, a) in areas.iter().enumerate() {
            for b in &areas[n + 1..] {
                let apart = a.x + a.width <= b.x + 0.01
                    || b.x + b.width <= a.x + 0.01
                    || a.y + a.height <= b.y + 0.01
                    || b.y + b.height <= a.y + 0.01;
                assert!(apart, "{a:?} {b:?}");
            }
        }
    }
}
