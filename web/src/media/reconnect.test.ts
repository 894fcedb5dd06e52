import { expect, it } from 'vitest'
import { connectOptions, reconnectPolicy } from './reconnect'

const after = (retryCount: number) =>
  reconnectPolicy(() => 0.5).nextRetryDelayInMs({ retryCount, elapsedMs: retryCount * 2_000 })

it('never gives up, and is never far away', () => {
  expect(after(0)).toBe(100)
  expect(after(1)).toBe(450)
  expect(after(10_000)).toBe(1_500)
})

it('cuts what hangs', () => {
  expect(connectOptions(40, 0).websocketTimeout).toBe(8_000)
  expect(connectOptions(undefined, 0).websocketTimeout).toBe(14_000)
  expect(connectOptions(undefined, 9).websocketTimeout).toBe(19_000)
})
