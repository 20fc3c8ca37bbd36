<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * The tier of who has no row: the lowest, as the tiers that hold say.
 */
class Tiers {
	private string $lowest;

	public function __construct(Database $database) {
		$this->lowest = (string)(Daemon::read($database, ['loyalty.tiers'])['loyalty.tiers']['base'] ?? '');
	}

	/**
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
