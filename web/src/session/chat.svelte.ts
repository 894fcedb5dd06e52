// The chat as the person sees it: the class's messages, one's own that are on their
// way, and how much is unread.

import { create } from '@bufbuild/protobuf'
import { lastMessageMs, mayWriteTo, unreadCount } from '../class/questions'
import type { Outcome } from '../class/status'
import { ChatTargetSchema, type ChatTarget } from '../gen/class_pb'
import { DeleteChatSchema, SendChatSchema } from '../gen/command_pb'
import type { Chat, ChatTo, PendingMessage } from './classroom'
import type { ClassLink } from './link.svelte'

export class LiveChat implements Chat {
  readonly #link: ClassLink
  #pending: readonly PendingMessage[] = $state.raw([])
  #readMs: bigint | undefined = $state()
  #sent = 0

  constructor(link: ClassLink) {
    this.#link = link
    // What was said before one came is not unread.
    link.onView((view) => (this.#readMs ??= lastMessageMs(view)))
  }

  get messages() {
    return this.#link.view.chat
  }
  get pending() {
    return this.#pending
  }
  get unread() {
    const { view, id } = this.#link
    return this.#readMs === undefined ? 0 : unreadCount(view, id, this.#readMs)
  }

  markRead(): void {
    const latest = lastMessageMs(this.#link.view)
    if (this.#readMs !== latest) this.#readMs = latest
  }

  send(text: string, to: ChatTo): void {
    const message = { key: `m${++this.#sent}`, to, text, failed: undefined }
    this.#pending = [...this.#pending, message]
    void this.#deliver(message)
  }

  retry(key: string): void {
    const message = this.#pending.find((p) => p.key === key && p.failed)
    if (!message) return
    this.#replace(key, { ...message, failed: undefined })
    void this.#deliver(message)
  }

  drop(key: string): void {
    this.#replace(key, undefined)
  }

  remove(id: string): Promise<Outcome> {
    return this.#link.send({ case: 'deleteChat', value: create(DeleteChatSchema, { id }) })
  }

  readonly mayWritePrivatelyTo = (id: string): boolean =>
    mayWriteTo(this.#link.view, this.#link.id, id)

  async #deliver(message: PendingMessage): Promise<void> {
    const value = create(SendChatSchema, { text: message.text, to: targetOf(message.to) })
    const failed = await this.#link.send({ case: 'sendChat', value })
    this.#replace(message.key, failed.ok ? undefined : { ...message, failed })
  }

  #replace(key: string, by: PendingMessage | undefined): void {
    this.#pending = this.#pending.flatMap((p) => (p.key === key ? (by ?? []) : p))
  }
}

function targetOf(to: ChatTo): ChatTarget {
  if (to === 'everyone') return create(ChatTargetSchema, { to: { case: 'everyone', value: true } })
  if (to === 'teachers') return create(ChatTargetSchema, { to: { case: 'teachers', value: true } })
  return create(ChatTargetSchema, { to: { case: 'participant', value: to.participant } })
}
