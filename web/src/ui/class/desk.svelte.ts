import type { Outcome } from '../../class/status'
import { Code } from '../../gen/command_pb'
import { m } from '../../paraglide/messages.js'
import type { ChatTo } from '../../session/classroom'
import { readJSON, thisTab, writeJSON } from '../../session/storage'

export type Panel = 'people' | 'chat'
export type ClassDialog =
  { kind: 'invite' | 'keys' | 'settings' | 'help' | 'end' | 'leave' } | { kind: 'ban'; id: string }

const panelKey = 'preau.panel'

/** Desk is what lies open on one reader's screen: panel, dialog, unsent words. It is nobody else's. */
export class Desk {
  #panel: Panel | undefined = $state()
  dialog: ClassDialog | undefined = $state()
  draft = $state('')
  to: ChatTo = $state('everyone')
  /** Why the last command failed. */
  refusal: string | undefined = $state()

  constructor(usual: Panel | undefined) {
    const kept = readJSON(thisTab, panelKey)
    if (kept === undefined) this.#panel = usual
    else if (kept === 'people' || kept === 'chat') this.#panel = kept
  }

  get panel(): Panel | undefined {
    return this.#panel
  }

  show(panel: Panel | undefined): void {
    this.#panel = panel
    writeJSON(thisTab, panelKey, panel ?? 'none')
  }

  toggle(panel: Panel): void {
    this.show(this.#panel === panel ? undefined : panel)
  }

  closeDialog = (): void => {
    this.dialog = undefined
  }

  /** do waits for a command and says why it failed, if it did. */
  do(act: Promise<Outcome>): void {
    this.refusal = undefined
    void act.then((outcome) => {
      if (!outcome.ok) this.refusal = refusalText(outcome.code)
    })
  }
}

function refusalText(code: Code): string {
  if (code === Code.FORBIDDEN) return m.failed_forbidden()
  if (code === Code.RATE) return m.failed_rate()
  return m.failed_command()
}
