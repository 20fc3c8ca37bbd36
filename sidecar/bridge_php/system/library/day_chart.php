<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Data by day as `chart.js` takes them.
 */
final class DayChart {
	/**
	 * Every day from the first that has a value to *to*; of days without one nothing is drawn.
	 *
	 * @param string                        $axis   what the labels are
	 * @param string                        $format of a day, as `date` takes it
	 * @param array<string, array<string, int|float|null>> $series values by day, by the series' name
	 * @param ?callable(int|float): string  $read   how a value is read; null: as a number
	 * @param int                           $step   days from one value to the next
	 *
	 * @return string JSON; '' where no day has a value
	 */
	public static function of(string $axis, string $format, string $to, array $series, ?callable $read = null, int $step = 1): string {
		$days = array_keys(array_merge([], ...array_values($series)));

		if (!$days) {
			return '';
		}

		$days = self::between(min($days), max(max($days), $to), $step);
		$drawn = [];

		foreach ($series as $name => $values) {
			$one = ['name' => (string)$name, 'values' => array_map(static function (string $day) use ($values) {
				return $values[$day] ?? null;
			}, $days)];

			if ($read) {
				$one['texts'] = array_map(static function ($value) use ($read): string {
					return $value === null ? '' : $read($value);
				}, $one['values']);
			}

			$drawn[] = $one;
		}

		return (string)json_encode(['labels' => array_map(static function (string $day) use ($format): string {
			return date($format, (int)strtotime($day . ' 12:00'));
		}, $days), 'axis' => $axis, 'series' => $drawn], JSON_INVALID_UTF8_SUBSTITUTE);
	}

	/**
	 * Counts by day as counts by week, each under its first day; weeks are counted back from *to*.
	 *
	 * @param array<string, int> $days
	 *
	 * @return array<string, int>
	 */
	public static function weeks(array $days, string $to): array {
		$weeks = [];

		foreach ($days as $day => $count) {
			$ago = (int)round((strtotime($to . ' 12:00') - strtotime($day . ' 12:00')) / 86400);
			$first = self::before($to, 7 * intdiv(max(0, $ago), 7) + 6);
			$weeks[$first] = ($weeks[$first] ?? 0) + $count;
		}

		ksort($weeks);

		return $weeks;
	}

	/** The day so many days before another. */
	public static function before(string $day, int $days): string {
		return date('Y-m-d', (int)strtotime($day . sprintf(' 12:00 %+d days', -$days)));
	}

	/**
	 * @return list<string>
	 */
	public static function between(string $first, string $last, int $step = 1): array {
		$days = [];

		for ($day = $first; $day <= $last; $day = self::before($day, -$step)) {
			$days[] = $day;
		}

		return $days;
	}
}
