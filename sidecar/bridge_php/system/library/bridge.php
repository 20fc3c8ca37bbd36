<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * What is true of the bridge as a whole.
 */
final class Bridge {
	public const VERSION = '0.1.0';

	/** The version of our tables that this bridge was written for; it works on newer ones. */
	public const SCHEMA = 8;

	/** The pages: one route and so one right each. */
	public const PAGES = ['customers', 'rules', 'loyalty', 'gdpr', 'reports', 'activity', 'status'];

	/** Those with something to look at, in the order of the menu. */
	public const MENU = ['customers', 'rules', 'loyalty', 'gdpr', 'reports', 'activity', 'status'];

	/** The route of a page. */
	public static function route(string $page): string {
		return 'extension/sidecar/page/' . $page;
	}

	/**
	 * Every route that takes a right: the pages, the one about the bridge, and the dashboard's.
	 *
	 * @return list<string>
	 */
	public static function routes(): array {
		return array_merge(['extension/sidecar/other/sidecar'], array_map([self::class, 'route'], self::PAGES), ['extension/sidecar/dashboard/sidecar']);
	}

	/**
	 * The texts that scripts say, by name.
	 *
	 * @param array<string, string> $words of all pages
	 *
	 * @return array<string, string>
	 */
	public static function said(array $words): array {
		$said = ['permission' => $words['error_permission']];

		foreach ($words as $name => $text) {
			if (strpos($name, 'js_') === 0) {
				$said[substr($name, 3)] = $text;
			}
		}

		return $said;
	}
}
