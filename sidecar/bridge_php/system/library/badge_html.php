<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Badges as HTML, for the store's own pages, which have no style of ours.
 */
final class BadgeHtml {
	/** Tags of a customer that are shown; of more their number is. */
	private const SHOWN = 6;

	/**
	 * @param list<array{name: string, colour: string}> $tags
	 * @param string                                    $tier '' for none
	 */
	public static function of(array $tags, string $tier): string {
		$html = $tier === '' ? '' : self::badge('fa-solid fa-award', $tier, '');

		foreach (array_slice($tags, 0, self::SHOWN) as $tag) {
			$html .= self::badge('', $tag['name'], self::style($tag['colour']));
		}

		if (count($tags) > self::SHOWN) {
			$html .= self::badge('', '+' . (count($tags) - self::SHOWN), '');
		}

		return '<div class="sidecar-badges">' . $html . '</div>';
	}

	/** The colours of a badge, as CSS; '' for the usual ones. */
	public static function style(string $colour): string {
		if (!preg_match('/^#[0-9a-f]{6}$/iD', $colour)) {
			return '';
		}

		[$red, $green, $blue] = array_map('hexdec', str_split(substr($colour, 1), 2));
		$is_bright = $red * 299 + $green * 587 + $blue * 114 > 150000;

		return 'background: ' . $colour . ' !important; color: ' . ($is_bright ? '#000' : '#fff');
	}

	private static function badge(string $icon, string $text, string $style): string {
		return '<span class="badge bg-secondary me-1"' . ($style !== '' ? ' style="' . $style . '"' : '') . '>' . ($icon !== '' ? '<i class="' . $icon . '"></i> ' : '') . htmlspecialchars($text, ENT_QUOTES, 'UTF-8') . '</span>';
	}
}
