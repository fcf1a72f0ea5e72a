/** A browser without a screen, as `scripts/setup --for test` installs it. */
import assert from "node:assert/strict";

export interface PageOptions {
  readonly scheme: "light" | "dark";
  readonly width?: number;
}

const HEIGHT = 1600;
const TIMEOUT_S = 60;
/** preferredColorScheme of Blink's settings. */
const SCHEMES = { dark: 0, light: 1 } as const;

/** The page as the browser understands it, as HTML. */
export async function domOf(page: string, options: PageOptions): Promise<string> {
  return new TextDecoder().decode(await browse(page, ["--dump-dom"], options));
}

/** The page as it looks: pixels of red, green, blue and alpha. */
export async function pixelsOf(page: string, options: PageOptions): Promise<Image> {
  const folder = Deno.makeTempDirSync({ prefix: "ktriage-page-" });
  try {
    await browse(page, [`--screenshot=${folder}/page.png`, "--hide-scrollbars"], options);
    return await decodePng(Deno.readFileSync(`${folder}/page.png`));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

async function browse(
  page: string,
  what: readonly string[],
  { scheme, width = 1100 }: PageOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const folder = Deno.makeTempDirSync({ prefix: "ktriage-chromium-" });
  try {
    Deno.writeTextFileSync(`${folder}/page.html`, page);
    const { success, stdout, stderr } = await new Deno.Command("timeout", {
      args: [
        "--signal=KILL",
        String(TIMEOUT_S),
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        `--user-data-dir=${folder}/profile`,
        `--window-size=${width},${HEIGHT}`,
        `--blink-settings=preferredColorScheme=${SCHEMES[scheme]}`,
        ...what,
        `file://${folder}/page.html`,
      ],
      env: { HOME: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder },
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return stdout;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

export interface Image {
  readonly width: number;
  readonly height: number;
  /** `#rrggbb` of a pixel. */
  at(x: number, y: number): string;
  /** How many pixels have which colour. */
  readonly colours: ReadonlyMap<string, number>;
}

/**
 * PNG as Chromium writes it: 8 bits, RGB or RGBA, not interlaced.
 *
 * @see https://www.w3.org/TR/png-3/
 */
async function decodePng(bytes: Uint8Array<ArrayBuffer>): Promise<Image> {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const width = view.getUint32(16), height = view.getUint32(20), channels = bytes[25] === 6 ? 4 : 3;
  assert.ok(bytes[24] === 8 && (bytes[25] === 2 || bytes[25] === 6) && bytes[28] === 0, "a PNG of another kind");
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 8; at < bytes.length;) {
    const length = view.getUint32(at), type = new TextDecoder().decode(bytes.subarray(at + 4, at + 8));
    if (type === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  const rows = unfiltered(new Uint8Array(await new Response(stream).arrayBuffer()), width * channels, channels);
  const colourAt = (at: number): number => rows[at]! << 16 | rows[at + 1]! << 8 | rows[at + 2]!;
  const name = (colour: number): string => `#${colour.toString(16).padStart(6, "0")}`;
  const counts = new Map<number, number>();
  for (let at = 0; at < rows.length; at += channels) counts.set(colourAt(at), (counts.get(colourAt(at)) ?? 0) + 1);
  return {
    width,
    height,
    at: (x, y) => name(colourAt((y * width + x) * channels)),
    colours: new Map([...counts].map(([colour, count]) => [name(colour), count])),
  };
}

/** Each row begins with the number of the filter that was applied to it. */
function unfiltered(data: Uint8Array<ArrayBuffer>, row_bytes: number, step: number): Uint8Array<ArrayBuffer> {
  const height = data.length / (row_bytes + 1);
  const out = new Uint8Array(row_bytes * height);
  for (let y = 0; y < height; y++) {
    const filter = data[y * (row_bytes + 1)];
    for (let x = 0; x < row_bytes; x++) {
      const at = y * row_bytes + x;
      const left = x < step ? 0 : out[at - step]!, up = y === 0 ? 0 : out[at - row_bytes]!;
      const corner = x < step || y === 0 ? 0 : out[at - row_bytes - step]!;
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter ?? 0] ?? 0;
      out[at] = data[y * (row_bytes + 1) + 1 + x]! + predicted;
    }
  }
  return out;
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
