<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * The statements behind a list of customers, fast also where there are a million.
 *
 * `gather` names all that match, up to one more than FEW, in no order; whoever asks sorts them.
 * Where there are more, `walk` goes through an index in the order of the list until the page is
 * full, which does not take long as many match.
 *
 * Either begins at the condition that leaves the fewest customers or at an index that holds all
 * that lists are narrowed down by. The server cannot choose between them: counts that are kept, or
 * taken here, say which is cheaper.
 */
class CustomerQuery {
	/** Orders of a list: the index of each, and its columns before customer_id. */
	public const SORTS = [
		'name'       => ['sidecar_name', ['c.`firstname`', 'c.`lastname`']],
		'spent'      => ['list_spent', ['s.`total_spent`']],
		'orders'     => ['list_orders', ['s.`orders`']],
		'last'       => ['list_last', ['s.`last_order_at`']],
		'registered' => ['list_registered', ['s.`registered_at`']]
	];

	/** Customers that are gathered and sorted at most. */
	public const FEW = 10000;

	/** Up to so many are counted to begin with them. */
	private const COUNTED = 120000;

	/** Bits of words that stand in the indexes of lists. */
	private const TAGS_INDEXED = 128;
	private const SEGMENTS_INDEXED = 64;

	/** Microseconds a row, as measured: going through an index, looking into another row, beginning with one. */
	private const STEP = 0.2;
	private const LOOK = 1.2;
	private const FETCH = 2.6;

	private Database $database;
	private Vocabulary $vocabulary;
	private CustomerFilter $filter;

	/** @var array<string, array{sql: string, values: list<mixed>, looks: int, customer: bool}> looks: into so many rows beside the index */
	private array $conditions = [];

	/** @var ?list<string> indexes of ours on the store's customers */
	private ?array $keys = null;

	/** @var ?list<array{condition: string, sql: string, values: list<mixed>, rows: int}> */
	private ?array $ways = null;

	public function __construct(Database $database, Vocabulary $vocabulary, CustomerFilter $filter) {
		$this->database = $database;
		$this->vocabulary = $vocabulary;
		$this->filter = $filter;
		$this->ask();
	}

	/**
	 * All that match, up to one more than FEW: `customer_id` and, but by name, `place` to sort by.
	 *
	 * @return array{0: string, 1: list<mixed>} statement and values
	 */
	public function gather(string $sort): array {
		[$from, $values] = $this->from('list_spent', false, self::FEW + 1);
		$place = $sort === 'name' ? '' : ', ' . self::SORTS[$sort][1][0] . ' AS `place`';

		return ['SELECT s.`customer_id`' . $place . ' FROM ' . $from . ' LIMIT ?', array_merge($values, [self::FEW + 1])];
	}

	/** Whether it is known without looking that more match than are gathered. */
	public function isMany(): bool {
		$way = count($this->conditions) === 1 ? $this->known()[0] ?? null : null;

		// Of words and several tags, the rows are counted more than once.
		return $way && $way['rows'] > self::FEW && preg_match('/^(range|group|status|selection|location)/', $way['condition']);
	}

	/**
	 * The ids of a page in the order of the list.
	 *
	 * @return array{0: string, 1: list<mixed>} statement and values
	 */
	public function walk(string $sort, bool $descending, int $offset, int $limit): array {
		[$from, $values] = $this->from(self::SORTS[$sort][0], $sort === 'name', $offset + $limit);

		return ['SELECT s.`customer_id` FROM ' . $from . self::order($sort, $descending) . ' LIMIT ? OFFSET ?', array_merge($values, [$limit, $offset])];
	}

	/**
	 * The ids of a page of customers by name.
	 *
	 * @param list<int> $ids of all
	 *
	 * @return array{0: string, 1: list<mixed>} statement and values
	 */
	public static function by_name(array $ids, bool $descending, int $offset, int $limit): array {
		return ['SELECT c.`customer_id` FROM {customer} c WHERE c.`customer_id` IN (?)' . self::order('name', $descending) . ' LIMIT ? OFFSET ?', [$ids, $limit, $offset]];
	}

	private static function order(string $sort, bool $descending): string {
		$direction = $descending ? ' DESC' : '';
		$columns = array_merge(self::SORTS[$sort][1], [$sort === 'name' ? 'c.`customer_id`' : 's.`customer_id`']);

		return ' ORDER BY ' . implode($direction . ', ', $columns) . $direction;
	}

	// -- the conditions ----------------------------------------------------------------------

	private function ask(): void {
		$filter = $this->filter;

		if ($filter->nobody) {
			$this->conditions['nobody'] = ['sql' => '1 = 0', 'values' => [], 'looks' => 0, 'customer' => false];

			return;
		}

		foreach ($filter->tags['all'] as $tag_id) {
			$this->tag('tag ' . $tag_id, [$tag_id], ' = 1', ' AND ');
		}

		$this->tag('any', $filter->tags['any'], ' = 1', ' OR ');
		$this->tag('none', $filter->tags['none'], ' = 0', ' AND ');

		if ($filter->segment) {
			$slot = $this->vocabulary->segments()[$filter->segment]['slot'];
			$this->own('segment', self::bit('segments', $slot) . ' = 1', [], $slot >= self::SEGMENTS_INDEXED);
		}

		foreach ($filter->ranges as $name => [$from, $to]) {
			[$sql, $values] = self::range('s.`' . CustomerFilter::RANGES[$name][0] . '`', $from, $to);
			$this->own('range ' . $name, $sql, $values, false);
		}

		if ($filter->group) {
			$this->customer('group', 'c.`customer_group_id` = ?', [$filter->group]);
		}

		if ($filter->status !== null) {
			// Columns may be NULL in OpenCart 4.1.
			$this->customer('status', $filter->status ? 'c.`status` = 1' : 'COALESCE(c.`status`, 0) <> 1', []);
		}

		foreach ($filter->search as $place => $word) {
			$parts = array_map(static function (string $column): string {
				return "c.`$column` LIKE ?";
			}, ['firstname', 'lastname', 'email', 'telephone']);
			$this->customer('word ' . $place, '(' . implode(' OR ', $parts) . ')', array_fill(0, 4, self::beginning($word)));
		}

		foreach ($filter->selections as $key => $selection_id) {
			$this->own($key, $key . '.`selection_id` = ?', [$selection_id], true);
		}
	}

	/** @param list<int> $tag_ids */
	private function tag(string $key, array $tag_ids, string $is, string $joined): void {
		$looks = false;
		$parts = [];

		foreach ($tag_ids as $tag_id) {
			$slot = $this->vocabulary->tags()[$tag_id]['slot'];
			$looks = $looks || $slot >= self::TAGS_INDEXED;
			$parts[] = self::bit('tags', $slot) . $is;
		}

		if ($parts) {
			$this->own($key, '(' . implode($joined, $parts) . ')', [], $looks);
		}
	}

	/** A bit of the words: 0 or 1. By shifting, as PHP has no whole number for the 64th. */
	private static function bit(string $words, int $slot): string {
		return sprintf('COALESCE(s.`%s%d`, 0) >> %d & 1', $words, intdiv($slot, 64), $slot % 64);
	}

	/**
	 * @return array{0: string, 1: list<mixed>} condition and values
	 */
	private static function range(string $column, ?int $from, ?int $to): array {
		$parts = array_filter([$from === null ? '' : $column . ' >= ?', $to === null ? '' : $column . ' <= ?']);

		return [implode(' AND ', $parts), array_values(array_filter([$from, $to], 'is_int'))];
	}

	/** @param list<mixed> $values */
	private function own(string $key, string $sql, array $values, bool $looks): void {
		$this->conditions[$key] = ['sql' => $sql, 'values' => $values, 'looks' => $looks ? 1 : 0, 'customer' => false];
	}

	/** @param list<mixed> $values */
	private function customer(string $key, string $sql, array $values): void {
		$this->conditions[$key] = ['sql' => $sql, 'values' => $values, 'looks' => 1, 'customer' => true];
	}

	/** What begins with a word, as the store keeps texts. */
	private static function beginning(string $word): string {
		return addcslashes(Text::stored($word), '\\%_') . '%';
	}

	// -- the way -----------------------------------------------------------------------------

	/**
	 * Where to begin, how to go on, and which conditions are left then.
	 *
	 * @param int $wanted customers
	 *
	 * @return array{0: string, 1: list<mixed>}
	 */
	private function from(string $index, bool $by_name, int $wanted): array {
		$few = $this->way($wanted, $by_name);
		$conditions = $this->conditions;
		$values = [];

		if ($few) {
			unset($conditions[$few['condition']]);
			$values = $few['values'];
		}

		$is_joined = $by_name || in_array(true, array_column($conditions, 'customer'), true);
		$to_own = ' STRAIGHT_JOIN {sidecar_customer} s ON (s.`customer_id` = ';
		$to_store = ' STRAIGHT_JOIN {customer} c ON (c.`customer_id` = s.`customer_id`)';

		if ($few) {
			$from = '(' . $few['sql'] . ') few' . $to_own . 'few.`customer_id`)' . ($is_joined ? $to_store : '');
		} elseif ($by_name) {
			$from = '{customer} c' . ($this->has($index) ? ' FORCE INDEX (`' . $index . '`)' : '') . $to_own . 'c.`customer_id`)';
		} else {
			$from = '{sidecar_customer} s FORCE INDEX (`' . $index . '`)' . ($is_joined ? $to_store : '');
		}

		foreach (CustomerFilter::SELECTIONS as $key) {
			if (isset($conditions[$key])) {
				$from .= " STRAIGHT_JOIN {sidecar_selection} $key ON ($key.`customer_id` = s.`customer_id`)";
			}
		}

		foreach ($conditions as $condition) {
			array_push($values, ...$condition['values']);
		}

		return [$from . ($conditions ? ' WHERE ' . implode(' AND ', array_column($conditions, 'sql')) : ''), $values];
	}

	/**
	 * The way by few that is cheaper than going through an index until so many are found; null: none is.
	 *
	 * @return ?array{condition: string, sql: string, values: list<mixed>, rows: int}
	 */
	private function way(int $wanted, bool $by_name): ?array {
		$customers = max(1, $this->vocabulary->customers());
		$few = null;
		// As if the conditions had nothing to do with each other.
		$share = 1.0;

		foreach ($this->known() as $way) {
			$share *= min(1.0, max($way['rows'], 1) / $customers);

			if ($way['sql'] !== '' && (!$few || $way['rows'] < $few['rows'])) {
				$few = $way;
			}
		}

		if (!$few) {
			return null;
		}

		$step = self::STEP + self::LOOK * array_sum(array_column($this->conditions, 'looks')) + ($by_name ? self::LOOK : 0);
		// Whose name begins with a word stand together in the index of names: perhaps at its other end.
		$walked = ($by_name && $this->filter->search ? $customers : min($customers, $wanted / max($share, 1 / $customers))) * $step;

		// An estimate of few rows can be far off, where conditions have to do with each other.
		return $few['rows'] <= self::FEW || $few['rows'] * self::FETCH < $walked ? $few : null;
	}

	/**
	 * @return list<array{condition: string, sql: string, values: list<mixed>, rows: int}> of `ways`
	 */
	private function known(): array {
		return $this->ways ?? ($this->ways = $this->ways());
	}

	/**
	 * Statements that name the customers of one condition; `condition` is empty where they name others too.
	 *
	 * @return list<array{condition: string, sql: string, values: list<mixed>, rows: int}> sql: '' where there is no way by it
	 */
	private function ways(): array {
		$filter = $this->filter;
		$ways = [];

		if ($filter->nobody) {
			return [['condition' => '', 'sql' => 'SELECT 0 AS `customer_id`', 'values' => [], 'rows' => 0]];
		}

		foreach ($filter->tags['all'] as $tag_id) {
			$ways[] = $this->by_tags([$tag_id]);
		}

		if ($filter->tags['any']) {
			$ways[] = $this->by_tags($filter->tags['any']);
		}

		if ($filter->segment) {
			$segment = $this->vocabulary->segments()[$filter->segment];
			$ways[] = [
				'condition' => '',
				'sql'       => $segment['listed'] ? 'SELECT `customer_id` FROM {sidecar_member} WHERE `segment_id` = ?' : '',
				'values'    => $segment['listed'] ? [$filter->segment] : [],
				'rows'      => $segment['customers']
			];
		}

		foreach ($filter->ranges as $name => [$from, $to]) {
			[$sql, $values] = self::range('`' . CustomerFilter::RANGES[$name][0] . '`', $from, $to);
			// More than that are found as fast by going through an index, which holds all facts.
			$ways[] = $this->counted('range ' . $name, 'SELECT `customer_id` FROM {sidecar_customer} FORCE INDEX (`list_' . $name . '`) WHERE ' . $sql, $values, self::FEW);
		}

		if ($filter->group && $this->has('sidecar_group')) {
			$ways[] = $this->counted('group', 'SELECT `customer_id` FROM {customer} FORCE INDEX (`sidecar_group`) WHERE `customer_group_id` = ?', [$filter->group]);
		}

		if ($filter->status !== null && $this->has('sidecar_status')) {
			$ways[] = $this->counted('status', 'SELECT `customer_id` FROM {customer} FORCE INDEX (`sidecar_status`) WHERE ' . ($filter->status ? '`status` = 1' : '(`status` IS NULL OR `status` < 1 OR `status` > 1)'), []);
		}

		foreach ($filter->search as $place => $word) {
			$ways[] = $this->by_word('word ' . $place, $word);
		}

		foreach ($filter->selections as $key => $selection_id) {
			$ways[] = $this->counted($key, 'SELECT `customer_id` FROM {sidecar_selection} WHERE `selection_id` = ?', [$selection_id]);
		}

		return $ways;
	}

	/**
	 * @param list<int> $tag_ids
	 *
	 * @return array{condition: string, sql: string, values: list<mixed>, rows: int}
	 */
	private function by_tags(array $tag_ids): array {
		$rows = 0;

		foreach ($tag_ids as $tag_id) {
			$rows += $this->vocabulary->tags()[$tag_id]['customers'];
		}

		return ['condition' => '', 'sql' => 'SELECT DISTINCT `customer_id` FROM {sidecar_assertion} FORCE INDEX (`tag`) WHERE `tag_id` IN (?)', 'values' => [$tag_ids], 'rows' => $rows];
	}

	/**
	 * @return array{condition: string, sql: string, values: list<mixed>, rows: int}
	 */
	private function by_word(string $condition, string $word): array {
		$parts = [];
		$rows = 0;

		foreach (['firstname' => 'sidecar_name', 'lastname' => 'sidecar_lastname', 'email' => '', 'telephone' => 'sidecar_telephone'] as $column => $index) {
			$part = 'SELECT `customer_id` FROM {customer}' . ($index === '' ? '' : " FORCE INDEX (`$index`)") . " WHERE `$column` LIKE ?";
			$rows = $rows > self::COUNTED || ($index !== '' && !$this->has($index)) ? self::COUNTED + 1 : $rows + $this->counted($condition, $part, [self::beginning($word)])['rows'];
			$parts[] = $part;
		}

		$is_way = $rows <= self::COUNTED;

		return ['condition' => $condition, 'sql' => $is_way ? implode(' UNION ', $parts) : '', 'values' => $is_way ? array_fill(0, 4, self::beginning($word)) : [], 'rows' => $rows];
	}

	/**
	 * A way whose customers are counted; up to one more than *most*, where it is none.
	 *
	 * @param list<mixed> $values
	 *
	 * @return array{condition: string, sql: string, values: list<mixed>, rows: int}
	 */
	private function counted(string $condition, string $sql, array $values, int $most = self::COUNTED): array {
		$rows = (int)$this->database->value('SELECT COUNT(*) FROM (' . $sql . ' LIMIT ?) few', array_merge($values, [$most + 1]));
		$is_way = $rows <= $most;

		return ['condition' => $condition, 'sql' => $is_way ? $sql : '', 'values' => $is_way ? $values : [], 'rows' => $rows];
	}

	/** Whether an index of ours is there; OpenCart's upgrade drops them. */
	private function has(string $index): bool {
		if ($this->keys === null) {
			$this->keys = array_column($this->database->rows("SHOW INDEX FROM {customer} WHERE `Key_name` LIKE 'sidecar%'"), 'Key_name');
		}

		return in_array($index, $this->keys, true);
	}
}
