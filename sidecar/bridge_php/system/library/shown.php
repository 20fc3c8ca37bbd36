<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Values of our tables and of the sidecar's answers as people read them; plain text.
 */
class Shown {
	/** Units that stand behind a number; of others the fact's name says enough. */
	private const UNITS = ['days', 'percent'];

	/** @var array<string, string> */
	private array $words;

	/** @var callable(string): string */
	private $currency;

	/**
	 * @param array<string, string>    $words    of the person's language
	 * @param callable(string): string $currency an amount in the store's currency
	 */
	public function __construct(array $words, callable $currency) {
		$this->words = $words;
		$this->currency = $currency;
	}

	/** Money as answers have it, with 4 decimals. */
	public function money(string $amount): string {
		return ($this->currency)($amount);
	}

	/** An amount of an account: whole points, or credit in ten-thousandths. */
	public function amount(string $unit, string $amount): string {
		return $unit === 'credit' ? $this->money((string)((int)$amount / 10000)) : $this->number($amount);
	}

	/** A whole number. */
	private function number(string $whole): string {
		return number_format((int)$whole, 0, '', $this->words['thousand_point']);
	}

	/** A number with as many places as it is written with. */
	private function decimal(string $written): string {
		$places = strlen(explode('.', $written . '.')[1]);

		return number_format((float)$written, $places, $this->words['decimal_point'], $this->words['thousand_point']);
	}

	/** An instant of our tables; '' for none. */
	public function instant(?string $epoch_s, bool $day = false): string {
		return Text::at($epoch_s === '' ? null : $epoch_s, $this->words[$day ? 'format_day' : 'format_time']);
	}

	/** An instant of an answer, as ISO 8601; '' for none. */
	public function time(?string $iso): string {
		return $iso === null ? '' : date($this->words['format_time'], (int)strtotime($iso));
	}

	/** Its day. */
	public function day(?string $iso): string {
		return $iso === null ? '' : date($this->words['format_day'], (int)strtotime($iso));
	}

	/** What a fact is called; *label* where it is one of the store's own fields. */
	public function label(string $name, string $label): string {
		return $this->words['fact_' . $name] ?? $label;
	}

	/**
	 * The value of a fact; '' where it is missing.
	 *
	 * @param array<string, mixed> $fact
	 */
	public function fact(array $fact): string {
		$value = $fact['value'];

		if ($value === null || $value === []) {
			return '';
		}

		switch ($fact['kind']) {
			case 'money':
				return $this->money((string)$value);
			case 'date':
				return $this->time((string)$value);
			case 'choice':
				return $this->words['value_' . str_replace(' ', '_', (string)$value)] ?? (string)$value;
		}

		$text = $fact['kind'] === 'decimal' ? $this->decimal((string)$value) : $this->value($value);

		return in_array($fact['unit'], self::UNITS, true) ? $text . ' ' . $this->words['unit_' . $fact['unit']] : $text;
	}

	/**
	 * A value whose kind its form tells: money has 4 decimals, an instant is ISO 8601.
	 *
	 * @param mixed $value
	 */
	public function value($value): string {
		if (is_bool($value)) {
			return $this->words[$value ? 'text_yes' : 'text_no'];
		}

		if (is_array($value)) {
			return implode(', ', array_map([$this, 'value'], $value));
		}

		if (is_int($value)) {
			return $this->number((string)$value);
		}

		$text = (string)$value;

		if (preg_match('/^-?\d+\.\d{4}$/D', $text)) {
			return $this->money($text);
		}

		return preg_match('/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/', $text) ? $this->time($text) : $text;
	}

	/**
	 * A condition that was explained, part by part.
	 *
	 * @param array<string, mixed> $node
	 *
	 * @return list<array{depth: int, holds: bool, text: string, actual: string}>
	 */
	public function tree(array $node, int $depth = 0): array {
		$joined = $node['items'] && in_array($node['kind'], ['and', 'or', 'not'], true);
		$lines = [[
			'depth'  => $depth,
			'holds'  => (bool)$node['holds'],
			'text'   => $joined ? $this->words['text_' . $node['kind']] : (string)$node['text'],
			'actual' => $joined ? '' : ($node['missing'] || $node['actual'] === null ? $this->words['text_missing'] : ($node['actual'] === [] ? $this->words['text_none'] : $this->value($node['actual'])))
		]];

		foreach ($joined ? $node['items'] : [] as $item) {
			$lines = array_merge($lines, $this->tree($item, $depth + 1));
		}

		return $lines;
	}

	/**
	 * Products or categories with what was bought of them.
	 *
	 * @param list<array{id: int, name: string, units: int, spent: string}> $goods
	 *
	 * @return list<array{id: int, name: string, units: int, spent: string}>
	 */
	public function goods(array $goods): array {
		return array_map(function (array $one): array {
			return ['spent' => $this->money($one['spent'])] + $one;
		}, $goods);
	}

	/**
	 * Who says that a tag applies.
	 *
	 * @param array{kind: string, since: string, until: ?string, actor: string, reason: string, requalify: bool} $source
	 */
	public function source(array $source): string {
		switch ($source['kind']) {
			case 'rule':
				return sprintf($this->words['source_rule'], $this->instant($source['since']));
			case 'pin_in':
			case 'pin_out':
				return $this->pin(['direction' => substr($source['kind'], 4)] + $source);
			case 'import':
				$words = sprintf($this->words['source_import'], $source['reason'], $source['actor'], $this->instant($source['since']));
				break;
			default:
				$words = sprintf($this->words['source_other'], $source['kind'], $source['actor'], $this->instant($source['since']));
		}

		return $words . $this->until($source);
	}

	/**
	 * A person's word: in, out, or a lock of a tier.
	 *
	 * @param array{direction: string, since: string, until: ?string, actor: string, reason: string, requalify: bool} $pin
	 */
	public function pin(array $pin): string {
		$words = sprintf($this->words['pin_' . $pin['direction']], $pin['actor'], $this->instant($pin['since']));

		return $words . $this->until($pin) . ($pin['reason'] !== '' ? ': ' . $pin['reason'] : '');
	}

	/**
	 * The ladder's last move.
	 *
	 * @param array{at: string, from: int, to: int, why: int, run: int} $move
	 * @param array<int, string>                                        $groups
	 */
	public function move(array $move, array $groups): string {
		return sprintf($this->words['text_move'], $this->instant($move['at']), $groups[$move['from']] ?? '#' . $move['from'], $groups[$move['to']] ?? '#' . $move['to'], $this->words['moved_' . $move['why']] ?? '');
	}

	/**
	 * @param array{until: ?string, requalify: bool} $said
	 */
	private function until(array $said): string {
		if ($said['requalify']) {
			return ', ' . $this->words['text_until_rule'];
		}

		return $said['until'] === null ? '' : ', ' . sprintf($this->words['text_until'], $this->end($said['until']));
	}

	/** An end that people gave as a day is the midnight after it: they read their day again. */
	private function end(string $epoch_s): string {
		$is_midnight = date('H:i:s', (int)$epoch_s) === '00:00:00';

		return $is_midnight ? $this->instant((string)((int)$epoch_s - 1), true) : $this->instant($epoch_s);
	}
}
