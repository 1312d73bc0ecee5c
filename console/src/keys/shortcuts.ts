import { useEffect, useEffectEvent, useSyncExternalStore } from "react";

export interface Shortcut {
  /** Keys typed one after another, divided by spaces: `"?"`, `"g t"`. */
  keys: string;
  description: string;
  run: () => void;
}

const SEQUENCE_MS = 1_000;

/** The shortcuts that work now. Of two with the same keys the one registered last works: a dialog's before its page's. */
export class ShortcutRegistry {
  private shortcuts: readonly Shortcut[] = [];
  private readonly watchers = new Set<() => void>();
  private typed: string[] = [];
  private typedAt = 0;

  register(shortcut: Shortcut): () => void {
    this.change([...this.shortcuts, shortcut]);
    return () => this.change(this.shortcuts.filter((other) => other !== shortcut));
  }

  readonly list = (): readonly Shortcut[] => this.shortcuts;

  readonly watch = (onChange: () => void): (() => void) => {
    this.watchers.add(onChange);
    return () => this.watchers.delete(onChange);
  };

  /** Whether the key, with those typed just before it, ran a shortcut. */
  press(key: string, nowMs: number): boolean {
    this.typed = nowMs - this.typedAt < SEQUENCE_MS ? [...this.typed, key].slice(-2) : [key];
    this.typedAt = nowMs;
    for (const keys of [this.typed.join(" "), key]) {
      const found = this.shortcuts.findLast((shortcut) => shortcut.keys === keys);
      if (found) {
        this.typed = [];
        found.run();
        return true;
      }
    }
    return false;
  }

  private change(shortcuts: readonly Shortcut[]): void {
    this.shortcuts = shortcuts;
    for (const watcher of this.watchers) {
      watcher();
    }
  }
}

export const shortcuts = new ShortcutRegistry();

/** Makes the keys work while the component is shown; `isActive` false leaves them alone. */
export function useShortcut(keys: string, description: string, run: () => void, isActive = true): void {
  const act = useEffectEvent(run);
  useEffect(
    () => (isActive ? shortcuts.register({ keys, description, run: () => act() }) : undefined),
    [keys, description, isActive],
  );
}

export function useShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(shortcuts.watch, shortcuts.list);
}

/** Listens to the keyboard for the whole page. */
export function useKeyboard(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) {
        return;
      }
      if (isPressing(event)) {
        return;
      }
      if (shortcuts.press(event.key, event.timeStamp)) {
        event.preventDefault();
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** Enter and space belong to the button or link that has the focus. */
function isPressing(event: KeyboardEvent): boolean {
  const isAction = event.key === "Enter" || event.key === " ";
  return isAction && event.target instanceof HTMLElement && /^(A|BUTTON|SUMMARY)$/.test(event.target.tagName);
}
