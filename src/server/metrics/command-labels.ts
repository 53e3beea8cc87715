import { foldCommand } from "../queue/task.ts";

/** Where commands beyond the bound are counted. */
const OVERFLOW_LABEL = "_other";

/**
 * The values of the label `command`. Clients choose commands, and every value costs the scraper memory for good, so
 * their number is bounded. Spellings of one command share the label of the first.
 */
export class CommandLabels {
  readonly max: number;
  readonly #labels = new Map<string, string>();

  constructor(max: number) {
    this.max = max;
  }

  labelOf(command: string): string {
    const folded = foldCommand(command);
    const known = this.#labels.get(folded);
    if (known !== undefined) return known;
    if (this.#labels.size >= this.max) return OVERFLOW_LABEL;
    const label = printable(command);
    this.#labels.set(folded, label);
    return label;
  }
}

/** The format has an escape for a newline; other control characters would be in the page as they are. */
function printable(command: string): string {
  return command.replaceAll(/[^\P{Cc}\n]/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
