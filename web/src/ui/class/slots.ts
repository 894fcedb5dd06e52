/** Places of tiles: who has one keeps it; a newcomer takes the first free one. */
export type Slots = readonly (string | undefined)[]

/** settle gives the present people their places, moving nobody. */
export function settle(before: Slots, present: readonly string[]): Slots {
  const here = new Set(present)
  const slots = before.map((id) => (id !== undefined && here.has(id) ? id : undefined))
  const seated = new Set(slots)
  for (const id of present) {
    if (seated.has(id)) continue
    const free = slots.indexOf(undefined)
    if (free < 0) slots.push(id)
    else slots[free] = id
  }
  while (slots.length > 0 && slots.at(-1) === undefined) slots.pop()
  return slots
}
