//! Distances on the earth, for `near` (FHIR R4, Location, `near`). The spec does not define
//! the algorithm.

/// The mean radius of the earth, in kilometers.
const EARTH: f64 = 6371.0;

/// A circle: `latitude|longitude|distance|units`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Circle {
    latitude: f64,
    longitude: f64,
    /// In kilometers.
    radius: f64,
}

impl Circle {
    /// Parses a value of `near`. Without a unit the distance is in kilometers. None if the value is invalid, or if it
    /// has no distance: the server then decides what is near.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split('|');
        let mut number = || parts.next()?.trim().parse::<f64>().ok().filter(|n| n.is_finite());
        let (latitude, longitude, distance) = (number()?, number()?, number()?);
        let unit = match parts.next().map(str::trim).unwrap_or_default() {
            "" | "km" => 1.0,
            "m" => 0.001,
            "[mi_us]" | "[mi_i]" => 1.609_344,
            _ => return None,
        };
        let good = latitude.abs() <= 90.0 && longitude.abs() <= 360.0 && distance >= 0.0 && parts.next().is_none();
        good.then_some(Self { latitude, longitude, radius: distance * unit })
    }

    /// The distance of a place from the center, in radii; in kilometers if the radius is 0.
    pub(crate) fn radii_to(self, latitude: f64, longitude: f64) -> f64 {
        let (from, to) = (self.latitude.to_radians(), latitude.to_radians());
        let across = (longitude - self.longitude).to_radians();
        let h = ((to - from) / 2.0).sin().powi(2) + from.cos() * to.cos() * (across / 2.0).sin().powi(2);
        let distance = 2.0 * EARTH * h.sqrt().min(1.0).asin();
        if self.radius > 0.0 { distance / self.radius } else { distance }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_great_circles_in_kilometers() {
        // Sydney to Melbourne are 714 km.
        let sydney = Circle::parse("-33.8688|151.2093|714").unwrap();
        assert!((sydney.radii_to(-37.8136, 144.9631) - 1.0).abs() < 0.01);
        let miles = Circle::parse("-33.8688|151.2093|443.6|[mi_us]").unwrap();
        assert!((miles.radii_to(-37.8136, 144.9631) - 1.0).abs() < 0.01);
        // These two places are close to each other, on both sides of the date line.
        let fiji = Circle::parse("-17|179.9|100|km").unwrap();
        assert!(fiji.radii_to(-17.0, -179.9) < 0.3);
    }

    #[test]
    fn invalid_circles_are_refused() {
        for value in ["", "-33", "-33|151", "x|y|z", "-33|151|5|furlong", "99|0|1", "0|0|-1", "0|0|1|km|x", "NaN|0|1"] {
            assert_eq!(Circle::parse(value), None, "{value}");
        }
    }
}
