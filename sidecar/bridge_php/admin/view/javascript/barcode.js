/**
 * A barcode, Code 128, drawn as SVG.
 *
 *   <sidecar-barcode value="9123456789012345" title="Card 9123 …"></sidecar-barcode>
 *
 * The value is printable ASCII; digits of an even number take half the room.
 */

const {CodeElement} = await import(`./code.js${new URL(import.meta.url).search}`);

/** Widths of bars and gaps, in modules, of each symbol; 103 to 105 begin, 106 ends. */
const SYMBOLS = (
  '212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 '
  + '123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 '
  + '232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 '
  + '313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 '
  + '111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 '
  + '111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 '
  + '114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112'
).split(' ');

const BEGINS_TEXT = 104;
const BEGINS_PAIRS = 105;
const ENDS = 106;

/** Modules of white that a scanner needs at either side. */
const QUIET = 10;

/** Widths of bars and gaps in turn, in modules, beginning with a bar. Throws a RangeError. */
export function widths(text) {
  if (!/^[\x20-\x7e]+$/.test(text)) {
    throw new RangeError('a barcode holds printable ASCII');
  }

  const numbers = /^(\d\d)+$/.test(text)
    ? [BEGINS_PAIRS, ...text.match(/../g).map(Number)]
    : [BEGINS_TEXT, ...[...text].map((character) => character.charCodeAt(0) - 32)];
  const check = numbers.reduce((sum, number, place) => sum + number * Math.max(1, place), 0) % 103;

  return [...numbers, check, ENDS].flatMap((number) => [...SYMBOLS[number]].map(Number));
}

export class SidecarBarcode extends CodeElement {
  static code(value) {
    let x = QUIET;
    let path = '';
    widths(value).forEach((wide, place) => {
      path += place % 2 ? '' : `M${x} 0h${wide}v50h-${wide}z`;
      x += wide;
    });
    const across = x + QUIET;

    return {path, across, down: 50, shown: {width: 2 * across, height: 80, preserveAspectRatio: 'none'}};
  }
}

if (!customElements.get('sidecar-barcode')) {
  customElements.define('sidecar-barcode', SidecarBarcode);
}
