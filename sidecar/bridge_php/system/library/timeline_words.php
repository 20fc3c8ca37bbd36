<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * What a line of a customer's timeline says.
 */
class TimelineWords {
	private const ICONS = [
		'order'       => 'cart-shopping',
		'status'      => 'truck',
		'points'      => 'star',
		'reward'      => 'star',
		'credit'      => 'coins',
		'transaction' => 'coins',
		'tag'         => 'tag',
		'group'       => 'users',
		'segment'     => 'layer-group',
		'tier'        => 'award',
		'consent'     => 'envelope-circle-check'
	];

	/** Characters of a comment or description that are shown. */
	private const LONGEST = 200;

	/** @var array<string, string> */
	private array $words;
	private Vocabulary $vocabulary;
	private Shown $shown;

	/** @var array<int, string> names of order statuses */
	private array $statuses;

	/**
	 * @param array<string, string> $words    of the person's language
	 * @param array<int, string>    $statuses names of order statuses by id
	 */
	public function __construct(array $words, Vocabulary $vocabulary, Shown $shown, array $statuses) {
		$this->words = $words;
		$this->vocabulary = $vocabulary;
		$this->shown = $shown;
		$this->statuses = $statuses;
	}

	/**
	 * @param array{source: string, id: int, at: int, row: array<string, ?string>} $entry of `Timeline::page`
	 *
	 * @return array{icon: string, at: string, text: string, more: string, order_id: int}
	 *   more: who and why, ''; order_id: 0 where it is about none
	 */
	public function entry(array $entry): array {
		$row = $entry['row'];
		$source = $entry['source'];
		[$text, $more] = $row ? $this->{$source}($row) : [$this->words['text_gone'], ''];

		return [
			'icon'     => self::ICONS[$source],
			'at'       => $this->shown->instant((string)$entry['at']),
			'text'     => $text,
			'more'     => $more,
			'order_id' => (int)($row['order_id'] ?? 0)
		];
	}

	private function say(string $name, ...$values): string {
		return vsprintf($this->words[$name] ?? $name, $values);
	}

	private function short(?string $text): string {
		$plain = trim(strip_tags(Text::plain($text)));

		return mb_strlen($plain) > self::LONGEST ? mb_substr($plain, 0, self::LONGEST) . '…' : $plain;
	}

	/** Who did a run: a person, or the rules, also where a person started the pass. */
	private function by(array $row): string {
		$who = (string)$row['actor'] !== '' ? $this->say('text_by', Text::actor($row['actor'])) : '';

		switch ($row['run']) {
			case 'command':
				return $who;
			case 'undo':
				return trim($this->words['text_by_undo'] . ' ' . $who);
		}

		return $this->words['text_by_rules'];
	}

	private function status_name(array $row): string {
		return $this->statuses[(int)$row['order_status_id']] ?? '#' . (int)$row['order_status_id'];
	}

	private function names(string $ids): string {
		$tags = $this->vocabulary->tags();

		return implode(', ', array_map(static function (string $id) use ($tags): string {
			return $tags[(int)$id]['name'] ?? '#' . (int)$id;
		}, array_filter(explode(',', $ids))));
	}

	private function group_name(?string $id): string {
		return $this->vocabulary->groups()[(int)$id] ?? '#' . (int)$id;
	}

	private function signed(string $unit, ?string $amount): string {
		return ((int)$amount > 0 ? '+' : '') . $this->shown->amount($unit, (string)$amount);
	}

	private function order(array $row): array {
		return [$this->say('line_order', (int)$row['order_id'], $this->shown->amount('credit', (string)$row['total'])), $this->say('line_order_now', $this->status_name($row))];
	}

	private function status(array $row): array {
		return [$this->say('line_status', (int)$row['order_id'], $this->status_name($row)), $this->short($row['comment'])];
	}

	private function reward(array $row): array {
		return [$this->say('line_points', $this->signed('points', $row['amount'])), $this->short($row['description'])];
	}

	private function transaction(array $row): array {
		return [$this->say('line_credit', $this->signed('credit', $row['amount'])), $this->short($row['description'])];
	}

	private function points(array $row): array {
		return $this->entered('points', $row);
	}

	private function credit(array $row): array {
		return $this->entered('credit', $row);
	}

	private function entered(string $unit, array $row): array {
		$cause = $row['cause'] === 'earn' ? $this->say('cause_earn', (int)$row['source_id']) : $this->words['cause_' . $row['cause']] ?? '';
		$more = [$cause];

		if (in_array($row['kind'], ['release', 'expire', 'pay'], true)) {
			$more[] = $this->words['entry_' . $row['kind']];
		}

		if ((string)$row['actor'] !== '') {
			$more[] = $this->say('text_by', Text::actor($row['actor']));
		}

		$more[] = (string)$row['reason'];

		return [$this->say('line_' . $unit, $this->signed($unit, $row['amount'])), implode(' · ', array_unique(array_filter($more)))];
	}

	private function tag(array $row): array {
		$texts = [];

		foreach (['added', 'removed'] as $what) {
			if ((string)$row['tags_' . $what] !== '') {
				$texts[] = $this->say('line_tags_' . $what, $this->names((string)$row['tags_' . $what]));
			}
		}

		return [implode(' · ', $texts), $this->by($row)];
	}

	private function group(array $row): array {
		return [$this->say('line_group', $this->group_name($row['group_from']), $this->group_name($row['group_to'])), trim(($this->words['moved_' . $row['group_why']] ?? '') . ' · ' . $this->by($row), ' ·')];
	}

	private function segment(array $row): array {
		return [$this->say((int)$row['entered'] ? 'line_entered' : 'line_left', (string)$row['name']), ''];
	}

	private function tier(array $row): array {
		$none = $this->words['text_no_tier'];

		return [$this->say('line_tier', $row['was'] ?? $none, $row['tier'] ?? $none), $this->words['tier_' . $row['why']] ?? ''];
	}

	private function consent(array $row): array {
		$more = [$this->words['consent_' . $row['state']] ?? (string)$row['state'], (string)$row['actor'] !== '' ? $this->say('text_by', Text::actor($row['actor'])) : ''];

		return [$this->say('line_consent', $this->words['channel_' . $row['channel']] ?? (string)$row['channel'], (string)$row['purpose']), implode(' · ', array_filter($more))];
	}
}
