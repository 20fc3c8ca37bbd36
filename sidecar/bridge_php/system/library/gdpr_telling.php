<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Requests, plans and rules about personal data in words; for the page of privacy.
 */
trait GdprTelling {
	/**
	 * The answer of the command that GET names.
	 *
	 * @return array<string, mixed> empty: it is not the person's own, of another name, or not answered
	 */
	protected function answered(string $name): array {
		$found = $this->commands()->find((int)$this->get('command'), $this->actor());

		return $found && $found['name'] === $name && is_array($found['answer']) ? $found['answer'] : [];
	}

	/**
	 * Those of the page, and of what people did about data.
	 *
	 * @return list<string>
	 */
	protected function files(): array {
		return ['sidecar', 'page/' . static::NAME, 'page/acts'];
	}

	protected function hasTables(): bool {
		return !in_array((new Daemon($this->database()))->state()['state'], ['tables', 'older'], true);
	}

	/** What one of ours is called; as it is where there is no word for it. */
	protected function word(string $prefix, string $name): string {
		return $this->words()[$prefix . str_replace(' ', '_', $name)] ?? $name;
	}

	/** The person at the desk, as others know them. */
	protected function me(): string {
		return Text::actor($this->actor());
	}

	/** How values are shown to this person. */
	protected function shown(): Shown {
		return new Shown($this->words(), function (string $amount): string {
			return Text::plain($this->currency->format((float)$amount, $this->config->get('config_currency')));
		});
	}

	/** The last day of what ends at an instant; '' for none. */
	protected function lastDay(?string $end): string {
		return $end === null ? '' : Text::at((string)((int)$end - 1), $this->words()['format_day']);
	}

	/**
	 * The views of this page.
	 *
	 * @return list<array{text: string, href: string, active: bool}>
	 */
	protected function views(string $active): array {
		$views = [];

		foreach (['requests' => '', 'consents' => 'consents', 'retention' => 'retention', 'native' => 'native'] as $view => $method) {
			$views[] = ['text' => $this->words()['view_' . $view], 'href' => $this->here($method), 'active' => $view === $active];
		}

		return $views;
	}

	/**
	 * A request for people.
	 *
	 * @param array<string, ?string> $row as of `DataRequests::page`
	 *
	 * @return array<string, mixed> days: until it is due, below 0 after it; null: it is answered
	 */
	protected function told(array $row): array {
		$words = $this->words();
		$is_open = in_array($row['state'], DataRequests::UNANSWERED, true);
		$customer_id = (int)$row['customer_id'];
		$last = (int)$row['due_at'] - 1;

		return [
			'request'     => (int)$row['request_id'],
			'kind'        => $row['kind'],
			'kind_text'   => $words['kind_' . $row['kind']],
			'state'       => $row['state'],
			'state_text'  => $words['state_' . $row['state']],
			'is_open'     => $is_open,
			'customer_id' => $customer_id,
			'guest'       => (string)$row['email'],
			'who'         => $customer_id ? ($row['name'] !== '' ? $row['name'] : '#' . $customer_id) : ((string)$row['email'] ?: $words['text_erased']),
			'who_href'    => $customer_id ? $this->here('customer', ['customer_id' => $customer_id]) : '',
			'is_native'   => $row['source'] === 'native',
			'identity'    => $row['identity'],
			'known'       => $this->identity($row),
			'received'    => $this->at($row['received_at']),
			'received_on' => Text::at($row['received_at'], $words['format_day']),
			'due'         => Text::at((string)$last, $words['format_day']),
			'days'        => $is_open ? (int)round((strtotime(date('Y-m-d', $last)) - strtotime(date('Y-m-d'))) / 86400) : null,
			'extended'    => (string)$row['extended_reason'],
			'can_extend'  => $row['extended_reason'] === null && (int)$row['due_at'] > time(),
			'starts'      => $row['kind'] === 'erase' && $row['state'] === 'waiting' ? $this->at($row['starts_at']) : '',
			'decided_by'  => Text::actor($row['decided_by']),
			'reason'      => (string)$row['decided_reason'],
			'finished'    => $this->at($row['finished_at']),
			'href'        => $this->here('info', ['request' => $row['request_id']])
		];
	}

	/**
	 * How it is known who asks.
	 *
	 * @param array<string, ?string> $row
	 */
	private function identity(array $row): string {
		if ($row['identity'] !== 'staff') {
			return $this->words()['identity_' . $row['identity']];
		}

		// How they knew goes with the person.
		return (string)$row['verified_how'] === '' ? (string)$row['verified_by'] : $row['verified_by'] . ': ' . $row['verified_how'];
	}

	/**
	 * What came of a request.
	 *
	 * @param array<string, ?string> $row as of `DataRequests::one`
	 *
	 * @return ?array<string, mixed> null: nothing yet, or there is nothing to tell
	 */
	protected function result(array $row): ?array {
		$result = $row['result'] === null ? null : json_decode($row['result'], true);

		if (!is_array($result)) {
			return null;
		}

		if ($row['kind'] === 'access') {
			return ['lines' => [sprintf($this->words()['result_access'], $this->number($result['rows'] ?? 0), $this->number($result['tables'] ?? 0), $this->number($result['files'] ?? 0))], 'residue' => [], 'more' => 0, 'files' => [], 'gaps' => [], 'settled' => true];
		}

		$rows = ['deleted' => 0, 'rewritten' => 0, 'kept' => 0];

		foreach ($result['tables'] ?? [] as $table) {
			$rows[$table['does']] = ($rows[$table['does']] ?? 0) + (int)$table['rows'];
		}

		$residue = $result['residue'] ?? [];

		foreach ($residue as &$one) {
			$one['key'] = implode(', ', (array)$one['key']);
		}

		return [
			'lines'   => [vsprintf($this->words()['result_erase'], array_map([$this, 'number'], [$rows['deleted'], $rows['rewritten'], $rows['kept']]))],
			'residue' => $residue,
			'more'    => max(0, (int)($result['residue_found'] ?? 0) - count($residue)),
			'files'   => $result['files_left'] ?? [],
			'gaps'    => $result['gaps'] ?? [],
			'settled' => (bool)($result['settled'] ?? true)
		];
	}

	/**
	 * What an erasure would do to a table.
	 *
	 * @param array<string, mixed> $table
	 *
	 * @return array<string, mixed>
	 */
	protected function planned(array $table): array {
		$words = $this->words();
		$does = $words['does_' . $table['does']];
		$later = (int)$table['kept_for_now'];

		if ($later) {
			$does = $later === (int)$table['rows'] ? sprintf($words['does_later'], $does) : sprintf($words['does_partly'], $does, $this->number($later));
		}

		return [
			'table' => $table['table'],
			'label' => $table['label'],
			'rows'  => $this->number($table['rows']),
			'kind'  => $table['does'],
			'does'  => $does,
			'why'   => $table['why'],
			'kept'  => $table['columns_kept'],
			'until' => $table['until'] === null ? '' : date($words['format_day'], (int)strtotime($table['until']))
		];
	}

	/**
	 * What a retention rule would end.
	 *
	 * @param array<string, mixed> $rule
	 *
	 * @return array<string, mixed>
	 */
	protected function rule(array $rule): array {
		$protected = [];

		foreach ($rule['protected'] as $why => $number) {
			$protected[] = sprintf($this->words()['text_protected'], $this->number($number), $this->word('protects_', (string)$why));
		}

		$named = array_map(function (int $customer_id): array {
			return ['id' => $customer_id, 'href' => $this->here('customer', ['customer_id' => $customer_id])];
		}, $rule['named']);

		return [
			'name'      => $rule['name'],
			'of'        => $this->word('of_', $rule['of']),
			'age'       => $rule['age'],
			'when'      => (string)$rule['when'],
			'due'       => $this->number($rule['due']),
			'protected' => $protected,
			'next'      => $this->shown()->day($rule['next']),
			'named'     => $named,
			'more'      => $named ? max(0, (int)$rule['due'] - count($named)) : 0,
			'purge'     => $rule['purge'] === null ? '' : sprintf($this->words()['text_purge'], $rule['purge']['purge'], $this->word('purge_', $rule['purge']['state']))
		];
	}
}
