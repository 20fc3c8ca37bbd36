<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Page;

use Opencart\System\Library\Extension\Sidecar\Bridge;
use Opencart\System\Library\Extension\Sidecar\DayChart;
use Opencart\System\Library\Extension\Sidecar\Figures;
use Opencart\System\Library\Extension\Sidecar\Page;
use Opencart\System\Library\Extension\Sidecar\Tiers;

/**
 * Numbers over time: segments, RFM groups, tiers, what is owed.
 */
class Reports extends Page {
	protected const NAME = 'reports';

	/** Days back that there are to choose from. */
	private const DAYS = [30, 90, 365];

	/** From so many days on what happened is told by week. */
	private const BY_WEEK = 365;

	/** Lines that can still be told apart. */
	private const LINES = 6;

	/** Segments that are drawn until somebody chooses. */
	private const FIRST = ['repeat buyers', 'ordered recently', 'inactive', 'at risk'];

	/** GET days, segment[] (to draw), moves (whose entries and exits). */
	public function index(): void {
		$figures = new Figures($this->database());
		$has_tables = !in_array($this->place()['daemon']['state'], ['tables', 'older'], true);
		$counted = $has_tables ? $figures->counted() : ['at' => null, 'first' => null];

		if ($counted['at'] === null) {
			$this->show('nothing', ['text' => $has_tables ? 'text_no_figures' : 'text_no_tables']);

			return;
		}

		$days = in_array((int)$this->get('days'), self::DAYS, true) ? (int)$this->get('days') : self::DAYS[0];
		$from = DayChart::before(date('Y-m-d'), $days - 1);
		$segments = $figures->segments();
		$drawn = $this->drawn($segments);
		$moves = in_array((int)$this->get('moves'), array_column($segments, 'segment_id'), true) ? (int)$this->get('moves') : (int)($drawn[0] ?? 0);

		$this->show('reports', [
			'at'        => $this->at($counted['at']),
			'first'     => $this->day((string)$counted['first']),
			'days'      => $days,
			'choices'   => self::DAYS,
			'token'     => $this->session->data['user_token'],
			'segments'  => $segments,
			'drawn'     => $drawn,
			'most'      => self::LINES,
			'moves'     => $moves,
			'customers' => $this->customers($figures, $from),
			'sizes'     => $this->sizes($figures, $segments, $drawn, $from),
			'growth'    => $this->growth($figures, $segments, $moves, $from, $days),
			'groups'    => $this->groups($figures, $from),
			'grid'      => $this->grid($figures),
			'movement'  => $this->movement($figures, $days > 30 ? 90 : 30),
			'tiers'     => $this->tiers($figures, $from),
			'owed'      => $this->owed($figures, $from),
			'scripts'   => ['javascript/chart.js', 'javascript/reports.js']
		]);
	}

	/**
	 * The texts of facts too, for the names of RFM groups.
	 *
	 * @return list<string>
	 */
	protected function files(): array {
		return ['sidecar', 'page/facts', 'page/' . static::NAME];
	}

	/**
	 * The segments to draw: those asked for, else some that every store has, else the first ones.
	 *
	 * @param list<array{segment_id: int, name: string, customers: int, since: string}> $segments
	 *
	 * @return list<int>
	 */
	private function drawn(array $segments): array {
		$there = array_column($segments, 'segment_id');
		$asked = $this->request->get['segment'] ?? [];
		$chosen = is_array($asked) ? array_intersect($there, array_map('intval', array_filter($asked, 'is_scalar'))) : [];

		if (!$chosen) {
			$chosen = array_column(array_filter($segments, static function (array $segment): bool {
				return in_array($segment['name'], self::FIRST, true);
			}), 'segment_id');
		}

		return array_slice(array_values($chosen ?: $there), 0, self::LINES);
	}

	private function customers(Figures $figures, string $from): string {
		$words = $this->words();

		return $this->chart([
			$words['text_accounts'] => $this->column($figures->days('customers', $from), ''),
			$words['text_buyers']   => $this->column($figures->days('buyers', $from), '')
		]);
	}

	/**
	 * @param list<array{segment_id: int, name: string, customers: int, since: string}> $segments
	 * @param list<int>                                                                 $drawn
	 */
	private function sizes(Figures $figures, array $segments, array $drawn, string $from): string {
		$names = array_column($segments, 'name', 'segment_id');
		$series = [];

		foreach ($figures->sizes($drawn, $from) as $segment_id => $days) {
			$series[$names[$segment_id]] = $days;
		}

		return $this->chart($series);
	}

	/**
	 * Entries and exits of a segment.
	 *
	 * @param list<array{segment_id: int, name: string, customers: int, since: string}> $segments
	 *
	 * @return ?array{chart: string, name: string, href: string, entered: string, left: string, since: string, weekly: bool} null: there is no segment
	 */
	private function growth(Figures $figures, array $segments, int $segment_id, string $from, int $days): ?array {
		$segment = array_column($segments, null, 'segment_id')[$segment_id] ?? null;

		if (!$segment) {
			return null;
		}

		$words = $this->words();
		$to = date('Y-m-d');
		$first = max($from, date('Y-m-d', (int)$segment['since']));
		$found = $figures->moves($segment_id, $first);
		$nothing = array_fill_keys(DayChart::between($first, $to), 0);
		$entered = array_column(array_map(static function (string $day, array $moves): array {
			return ['day' => $day] + $moves;
		}, array_keys($found), $found), 'entered', 'day') + $nothing;
		$left = array_map(static function (array $moves): int {
			return -$moves['left'];
		}, $found) + $nothing;
		$is_weekly = $days >= self::BY_WEEK;

		if ($is_weekly) {
			$entered = DayChart::weeks($entered, $to);
			$left = DayChart::weeks($left, $to);
		}

		return [
			'chart'   => $this->chart([$words['text_entered'] => $entered, $words['text_left'] => $left], function (int $customers): string {
				return $this->number(abs($customers));
			}, $is_weekly ? 7 : 1),
			'name'    => $segment['name'],
			'href'    => $this->maySee('customers') ? $this->link(Bridge::route('customers'), ['segment' => $segment_id]) : '',
			'entered' => $this->number(array_sum($entered)),
			'left'    => $this->number(-array_sum($left)),
			'since'   => $this->day($first),
			'weekly'  => $is_weekly
		];
	}

	/**
	 * RFM groups now and at the first day of the range that is known.
	 *
	 * @return ?array{since: string, rows: list<array{name: string, meaning: string, now: string, then: string, change: string}>} null: there are none
	 */
	private function groups(Figures $figures, string $from): ?array {
		$words = $this->words();
		$now = $figures->now('rfm');
		$days = $figures->days('rfm', $from);

		if (!$now || !$days) {
			return null;
		}

		$since = (string)array_key_first($days);
		$rows = [];

		foreach (Figures::GROUPS as $group) {
			$then = $days[$since][$group]['customers'] ?? 0;
			$is = $now[$group]['customers'] ?? 0;
			$rows[] = [
				'name'    => $this->group($group),
				'meaning' => $words['meaning_' . str_replace(' ', '_', $group)],
				'now'     => $this->number($is),
				'then'    => $this->number($then),
				'change'  => ($is > $then ? '+' : '') . $this->number($is - $then)
			];
		}

		return ['since' => $this->day($since), 'rows' => $rows];
	}

	/**
	 * Buyers by how lately (rows, 5 the latest) and how often (columns, 5 the most) they bought.
	 *
	 * @return list<array{recency: int, cells: list<array{customers: string, share: float, frequency: int}>}> nothing: there are none
	 */
	private function grid(Figures $figures): array {
		$found = $figures->now('rfm_grid');
		$most = max(array_merge([0], array_column($found, 'customers')));
		$rows = [];

		for ($recency = 5; $most && $recency > 0; $recency--) {
			$cells = [];

			for ($frequency = 1; $frequency <= 5; $frequency++) {
				$customers = (int)($found[$recency . ',' . $frequency]['customers'] ?? 0);
				$cells[] = ['customers' => $this->number($customers), 'share' => round($customers / $most, 2), 'frequency' => $frequency];
			}

			$rows[] = ['recency' => $recency, 'cells' => $cells];
		}

		return $rows;
	}

	/**
	 * @return ?array{since: string, rows: list<array{from: string, to: string, customers: string}>} null: it is not known
	 */
	private function movement(Figures $figures, int $days): ?array {
		$found = $figures->movement($days);

		if (!$found) {
			return null;
		}

		$rows = [];

		foreach ($found['moved'] as $moved) {
			$rows[] = ['from' => $this->group($moved['from']), 'to' => $this->group($moved['to']), 'customers' => $this->number($moved['customers'])];
		}

		return ['since' => $this->at($found['since']), 'rows' => $rows];
	}

	/**
	 * @return ?array{rows: list<array{name: string, customers: string, share: string}>, chart: string} null: there are none
	 */
	private function tiers(Figures $figures, string $from): ?array {
		$now = $figures->now('tier');
		$total = array_sum(array_column($now, 'customers'));
		$rows = $series = [];
		$days = $figures->days('tier', $from);
		// In their order; those that are no more come last.
		$names = array_fill_keys((new Tiers($this->database()))->names(), null);
		$names += array_replace($now, ...array_values($days));

		foreach (array_intersect_key($names, $now) as $name => $none) {
			$row = $now[$name];
			$share = $total ? 100 * $row['customers'] / $total : 0;
			$rows[] = ['name' => $this->tier((string)$name), 'customers' => $this->number($row['customers']), 'share' => $this->decimal($share, 1)];
		}

		foreach (array_keys($names) as $name) {
			$series[$this->tier((string)$name)] = array_map(static function (array $names) use ($name): ?int {
				return $names[$name]['customers'] ?? null;
			}, $days);
		}

		return $rows ? ['rows' => $rows, 'chart' => $this->chart($series)] : null;
	}

	/**
	 * What is owed to customers, in money.
	 *
	 * @return ?array{rows: list<array{name: string, meaning: string, points: string, money: string, customers: string}>, chart: string} null: nothing is kept
	 */
	private function owed(Figures $figures, string $from): ?array {
		$words = $this->words();
		$rows = $series = [];
		$kinds = [['points', 'available'], ['points', 'pending'], ['points', 'owed'], ['credit', 'available'], ['credit', 'owed']];

		foreach ($kinds as [$unit, $name]) {
			$money = $unit === 'points' ? 'points_worth' : 'credit';
			$now = $figures->now($money)[$name] ?? null;

			if ($now === null) {
				continue;
			}

			$title = $words['owed_' . $unit . '_' . $name];
			$rows[] = [
				'name'      => $title,
				'meaning'   => $words['meaning_' . $unit . '_' . $name],
				'points'    => $unit === 'points' ? $this->number($figures->now('points')[$name]['amount'] ?? 0) : '',
				'money'     => $this->money($now['amount']),
				'customers' => $this->number($now['customers'])
			];

			if ($name !== 'owed') {
				$series[$title] = array_map(static function (array $names) use ($name): ?float {
					return isset($names[$name]) ? (int)$names[$name]['amount'] / 10000 : null;
				}, $figures->days($money, $from));
			}
		}

		return $rows ? ['rows' => $rows, 'chart' => $this->chart($series, function (float $amount): string {
			return $this->money((string)(int)round($amount * 10000));
		})] : null;
	}

	/**
	 * @param array<string, array<string, int|float|null>> $series
	 */
	private function chart(array $series, ?callable $read = null, int $step = 1): string {
		return DayChart::of($this->words()['column_day'], $this->words()['format_day'], date('Y-m-d'), $series, $read, $step);
	}

	/**
	 * @param array<string, array<string, array{customers: ?int, amount: ?string}>> $days
	 *
	 * @return array<string, ?int>
	 */
	private function column(array $days, string $name): array {
		return array_map(static function (array $names) use ($name): ?int {
			return $names[$name]['customers'] ?? null;
		}, $days);
	}

	private function group(string $group): string {
		return $group === '' ? $this->words()['text_no_group'] : $this->words()['value_' . str_replace(' ', '_', $group)] ?? $group;
	}

	private function tier(string $name): string {
		return $name === '' ? $this->words()['text_no_tier'] : $name;
	}

	private function day(string $day): string {
		return date($this->words()['format_day'], (int)strtotime($day . ' 12:00'));
	}
}
