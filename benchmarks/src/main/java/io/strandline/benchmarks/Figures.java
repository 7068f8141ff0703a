package io.strandline.benchmarks;

import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * All figures of a run: measurement by measurement, one list a contender, in the order of the rounds.
 *
 * @param <C> who is measured
 */
final class Figures<C> {
    private final Map<String, Map<C, List<Double>>> byMeasurement = new LinkedHashMap<>();

    void add(String measurement, C contender, double figure) {
        byMeasurement
                .computeIfAbsent(measurement, ignored -> new LinkedHashMap<>())
                .computeIfAbsent(contender, ignored -> new ArrayList<>())
                .add(figure);
    }

    List<String> measurements() {
        return List.copyOf(byMeasurement.keySet());
    }

    List<Double> all(String measurement, C contender) {
        return byMeasurement.getOrDefault(measurement, Map.of()).getOrDefault(contender, List.of());
    }

    OptionalDouble median(String measurement, C contender) {
        var sorted = all(measurement, contender).stream().sorted().toList();
        if (sorted.isEmpty()) {
            return OptionalDouble.empty();
        }
        int middle = sorted.size() / 2;
        return OptionalDouble.of(
                sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2);
    }

    /** Among others the smallest and the largest. */
    DoubleSummaryStatistics range(String measurement, C contender) {
        return all(measurement, contender).stream()
                .mapToDouble(Double::doubleValue)
                .summaryStatistics();
    }

    /** One contender's median over another's. */
    OptionalDouble ratio(String measurement, C one, C other) {
        return over(median(measurement, one), median(measurement, other));
    }

    /** One figure over another, where there are both. */
    static OptionalDouble over(OptionalDouble above, OptionalDouble below) {
        return above.isPresent() && below.isPresent() && below.getAsDouble() > 0
                ? OptionalDouble.of(above.getAsDouble() / below.getAsDouble())
                : OptionalDouble.empty();
    }
}
