// Commands that await their answer. They are sent again after each reconnect until
// answered; the server recognises the request id and does nothing twice.
// Bounded: a command beyond the bound is refused at once.

import { Code, type Command, type Reply } from '../gen/command_pb'
import { done, type Outcome } from './status'

/** Below the server's 50 commands a second, so that all can be sent again at once. */
const bound = 40
const tries = 5

interface Waiting {
  readonly command: Command
  readonly settle: (outcome: Outcome) => void
  refusals: number
}

export class Outbox {
  readonly #waiting = new Map<string, Waiting>()

  /** False: full; the outcome says so. */
  add(command: Command, settle: (outcome: Outcome) => void): boolean {
    if (this.#waiting.size >= bound) {
      settle(failure(Code.RATE, 'too many commands await their answer'))
      return false
    }
    this.#waiting.set(command.requestId, { command, settle, refusals: 0 })
    return true
  }

  /** All that await an answer, oldest first. */
  get commands(): Command[] {
    return Array.from(this.#waiting.values(), (w) => w.command)
  }

  /** Takes an answer in. The command returned is to be asked again in a while. */
  answer(reply: Reply): Command | undefined {
    const waiting = this.#waiting.get(reply.requestId)
    if (!waiting) return undefined
    if (reply.error?.code === Code.UNAVAILABLE && ++waiting.refusals < tries) return waiting.command
    this.#waiting.delete(reply.requestId)
    waiting.settle(outcomeOf(reply))
    return undefined
  }

  has(requestId: string): boolean {
    return this.#waiting.has(requestId)
  }

  /** The class is over for this page: nobody will answer any more. */
  end(): void {
    for (const { settle } of this.#waiting.values()) settle(failure(Code.ENDED, 'not in the class'))
    this.#waiting.clear()
  }
}

function outcomeOf({ seq, error }: Reply): Outcome {
  if (error) return failure(error.code, error.message)
  return seq === 0n ? done : { ok: true, seq }
}

export function failure(code: Code, message: string): Outcome {
  return { ok: false, code, message }
}
