import Glibc

func exponential(_ x: Double) -> Double { exp(x) }

/// log(1 + exp(t)), stable.
func logistic(_ t: Double) -> Double { max(t, 0) + log1p(exp(-abs(t))) }

func naturalLog(_ x: Double) -> Double { log(x) }
