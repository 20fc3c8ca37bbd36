<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * One customer: a page, a tab of the native form, and the pieces of both. For the page of customers.
 */
trait CustomerPage {
	/** The page: GET customer_id. */
	public function info(): void {
		$this->show('customers', []);
	}

	/** The same as a piece, for the native form: GET customer_id. */
	public function tab(): void {
		$this->piece('customers', []);
	}

	/** What happened, as a piece: GET customer_id, and perhaps kind and before. */
	public function timeline(): void {
		$this->piece('customers', []);
	}
}
