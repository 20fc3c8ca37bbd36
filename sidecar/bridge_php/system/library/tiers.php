<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * The tiers that hold, and that of who has no row: the lowest.
 */
class Tiers {
	private string $lowest;

	/** @var list<string> */
	private array $names;

	public function __construct(Database $database) {
		$held = Daemon::read($database, ['loyalty.tiers'])['loyalty.tiers'] ?? [];
		$this->lowest = (string)($held['base'] ?? '');
		$this->names = array_map('strval', array_column($held['tiers'] ?? [], 'name'));
	}

	/**
	 * Their names, the lowest first.
	 *
	 * @return list<string>
	 */
	public function names(): array {
		return $this->names;
	}

	/**
	 * The tier of a customer.
	 *
	 * @param bool    $has_row of `sidecar_tier`
	 * @param ?string $tier    in it; null: none
	 * @param bool    $objects to profiling: nobody says of them what they are
	 *
	 * @return string '' for none
	 */
	public function of(bool $has_row, ?string $tier, bool $objects): string {
		return $has_row ? (string)$tier : ($objects ? '' : $this->lowest);
	}
}
