// The chat's part of the reducer. How much is kept is the server's decision: it says
// what is to be forgotten.

import type { ChatMessage } from '../gen/class_pb'

export function keepChat(chat: ChatMessage[], message: ChatMessage): ChatMessage[] {
  return [...chat, message]
}

/** A deleted message keeps its place and loses its words. */
export function deleteChat(chat: ChatMessage[], id: string): ChatMessage[] {
  return chat.some((m) => m.id === id)
    ? chat.map((m) => (m.id === id ? { ...m, text: '', deleted: true } : m))
    : chat
}

export function forgetChat(chat: ChatMessage[], ids: readonly string[]): ChatMessage[] {
  return chat.filter((m) => !ids.includes(m.id))
}
