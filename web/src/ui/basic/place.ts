/** Where a menu may stand: inside the window, near its button. */
export interface Place {
  left: number
  top: number
}

/** Box is what of a DOMRect the arithmetic needs, in CSS pixels. */
export interface Box {
  left: number
  right: number
  top: number
  bottom: number
}

const gap = 8

/** place puts a menu below its button, else above, and never out of the window. */
export function place(
  button: Box,
  menu: { width: number; height: number },
  window: { width: number; height: number },
  rtl: boolean,
): Place {
  const below = button.bottom + gap
  const fitsBelow = below + menu.height + gap <= window.height
  const top = fitsBelow ? below : Math.max(gap, button.top - gap - menu.height)
  const wanted = rtl ? button.left : button.right - menu.width
  const left = Math.min(Math.max(gap, wanted), Math.max(gap, window.width - menu.width - gap))
  return { left, top }
}
