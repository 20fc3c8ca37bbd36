<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Points and store credit in words; for the page of loyalty.
 */
trait LoyaltyTelling {
	/** States of a redemption whose code is worth something. */
	private static array $usable = ['making', 'open'];

	/** Ten-thousandths in the store's currency, every digit of them. */
	protected function exact(string $ten_thousandths): string {
		$currency = (string)$this->config->get('config_currency');
		$number = Text::decimal(ltrim($ten_thousandths, '-'), (int)$this->currency->getDecimalPlace($currency), $this->language->get('decimal_point'), $this->language->get('thousand_point'));
		$sign = $ten_thousandths[0] === '-' ? '-' : '';

		return $sign . Text::plain($this->currency->getSymbolLeft($currency)) . $number . Text::plain($this->currency->getSymbolRight($currency));
	}

	/** Money of an answer, e.g. "12.5000". */
	protected function paid(string $amount): string {
		return $this->exact(Text::parts($amount));
	}

	/** A decimal number of an answer, e.g. "1.2". */
	protected function rate(string $number): string {
		return Text::decimal(Text::parts($number), 0, $this->language->get('decimal_point'), $this->language->get('thousand_point'));
	}

	/**
	 * An amount of an account.
	 *
	 * @param 'points'|'credit' $unit
	 */
	protected function amount(string $unit, string $amount, bool $signed = false): string {
		return ($signed && (int)$amount > 0 ? '+' : '') . ($unit === 'credit' ? $this->exact($amount) : $this->number($amount));
	}

	/** A span of an answer, e.g. "12 months"; what is none stays as it is. */
	protected function span(?string $span): string {
		if (!preg_match('/^(\d+) (day|week|month|year)s?$/D', (string)$span, $found)) {
			return (string)$span;
		}

		return $found[1] . ' ' . $this->words()[($found[1] === '1' ? 'one_' : 'many_') . $found[2]];
	}

	/** The last day before an instant of our tables; '' for none. */
	protected function lastDay(?string $epoch_s): string {
		return $epoch_s === null ? '' : Text::at((string)((int)$epoch_s - 1), $this->words()['format_day']);
	}

	/** A day of an answer, `2027-01-31` or an instant, for people; '' for none. */
	protected function day(?string $iso): string {
		return $iso === null ? '' : date($this->words()['format_day'], (int)strtotime($iso));
	}

	/**
	 * Why an amount stands in an account.
	 *
	 * @param array<string, ?string> $row with cause, source_id, order_id and rule
	 */
	protected function cause(array $row): string {
		$words = $this->words();

		if ($row['cause'] === null) {
			return $words['text_owed'];
		}

		$text = sprintf($words['cause_' . $row['cause']] ?? $row['cause'], (int)$row['source_id']);

		if ($row['cause'] === 'earn' && (string)$row['rule'] !== '') {
			$text .= ': ' . ($row['rule'] === '*' ? $words['text_multiplied'] : $row['rule']);
		}

		return $row['cause'] !== 'earn' && (int)$row['order_id'] ? $text . ', ' . sprintf($words['cause_earn'], (int)$row['order_id']) : $text;
	}

	/** The store's page of an order; '' where the person may not see orders. */
	protected function order(int $order_id): string {
		return $order_id && $this->user->hasPermission('access', 'sale/order') ? $this->link('sale/order.info', ['order_id' => $order_id]) : '';
	}

	/**
	 * Lots for people.
	 *
	 * @param 'points'|'credit'            $unit
	 * @param list<array<string, ?string>> $lots
	 *
	 * @return list<array<string, mixed>>
	 */
	protected function lotsTold(string $unit, array $lots): array {
		return array_map(function (array $lot) use ($unit): array {
			$order_id = $lot['cause'] === 'earn' ? (int)$lot['source_id'] : (int)$lot['order_id'];

			return [
				'left'   => $this->amount($unit, (string)$lot['remaining']),
				'what'   => $this->cause($lot),
				'reason' => (string)$lot['reason'],
				'order'  => $this->order($order_id),
				'from'   => (int)$lot['is_released'] ? '' : Text::at($lot['available_at'], $this->words()['format_day']),
				'until'  => $this->lastDay($lot['expires_at']),
				'owed'   => $lot['cause'] === null
			];
		}, array_slice($lots, 0, Account::LOTS));
	}

	/**
	 * Entries for people.
	 *
	 * @param 'points'|'credit'            $unit
	 * @param list<array<string, ?string>> $entries
	 *
	 * @return list<array<string, mixed>>
	 */
	protected function entriesTold(string $unit, array $entries): array {
		$words = $this->words();

		return array_map(function (array $entry) use ($unit, $words): array {
			$what = $this->cause($entry);

			if (in_array($entry['kind'], ['release', 'pay'], true)) {
				$what .= ', ' . $words['entry_' . $entry['kind']];
			} elseif (in_array($entry['cause'], ['earn', 'waive'], true) && (int)$entry['amount'] < 0) {
				$what .= ', ' . $words['text_taken_back'];
			}

			$order_id = $entry['cause'] === 'earn' ? (int)$entry['source_id'] : (int)$entry['order_id'];
			// What only becomes available changes nothing of the whole.
			$amount = (string)((int)$entry['amount'] ?: (int)$entry['shown']);

			return [
				'at'     => $this->at($entry['at']),
				'amount' => $this->amount($unit, $amount, true),
				'minus'  => (int)$amount < 0,
				'what'   => $what,
				'order'  => $this->order($order_id),
				'actor'  => Text::actor($entry['actor']),
				'reason' => (string)$entry['reason']
			];
		}, $entries);
	}

	/**
	 * Redemptions for people.
	 *
	 * @param list<array<string, ?string>> $rows
	 *
	 * @return list<array<string, mixed>>
	 */
	protected function redemptionsTold(array $rows): array {
		$words = $this->words();

		return array_map(function (array $row) use ($words): array {
			$usable = in_array($row['state'], self::$usable, true) && $row['becomes'] === 'coupon';

			return [
				'redemption' => (int)$row['redemption_id'],
				'customer'   => (int)$row['customer_id'],
				'at'         => $this->at($row['at']),
				'points'     => $this->number($row['points']),
				'value'      => $this->exact((string)$row['value']),
				'becomes'    => $words['becomes_' . $row['becomes']],
				'state'      => $row['becomes'] === 'credit' ? 'issued' : $row['state'],
				'state_text' => $row['becomes'] === 'credit' ? $words['state_issued'] : $words['state_' . $row['state']],
				'code'       => $usable ? (string)$row['code'] : '',
				'least'      => $usable ? $this->exact((string)$row['least_order']) : '',
				'until'      => $usable ? $this->lastDay($row['ends_at']) : '',
				'order_id'   => (int)$row['order_id'],
				'order'      => $this->order((int)$row['order_id']),
				'actor'      => Text::actor($row['actor']),
				'reason'     => (string)$row['reason'],
				'open'       => $row['state'] === 'open'
			];
		}, $rows);
	}

	/**
	 * Issues of store credit for people.
	 *
	 * @param list<array<string, ?string>> $rows
	 *
	 * @return list<array<string, mixed>>
	 */
	protected function issuesTold(array $rows): array {
		$words = $this->words();

		return array_map(function (array $row) use ($words): array {
			$state = (string)($row['state'] ?? 'waiting');

			return [
				'issue'      => (int)$row['issue_id'],
				'customer'   => (int)($row['customer_id'] ?? 0),
				'kind'       => $words['issue_' . $row['kind']],
				'amount'     => $this->exact((string)$row['amount']),
				'left'       => isset($row['left']) && (int)$row['left'] > 0 ? $this->exact($row['left']) : '',
				'order_id'   => (int)$row['order_id'],
				'order'      => $this->order((int)$row['order_id']),
				'until'      => $this->lastDay($row['expires_at']),
				'over'       => $row['expires_at'] !== null && (int)$row['expires_at'] <= time(),
				'state'      => $state,
				'state_text' => $words['given_' . $state],
				'actor'      => Text::actor($row['actor']),
				'own'        => $row['actor'] === mb_substr($this->actor(), 0, 64),
				'reason'     => (string)$row['reason'],
				'at'         => $this->at($row['at']),
				'decided'    => Text::actor($row['decided_by'] ?? null),
				'refused'    => (string)($row['decided_reason'] ?? '')
			];
		}, $rows);
	}

	/** A card's number as it is printed, in groups of four. */
	protected function cardNumber(string $number): string {
		return trim(chunk_split($number, 4, ' '));
	}
}
