/** slide draws a page of a lesson, 1280 by 720: what a leaf takes in and gives back. */
export function slide(pen: CanvasRenderingContext2D): void {
  pen.fillStyle = '#fffdf7'
  pen.fillRect(0, 0, 1280, 720)
  pen.fillStyle = '#1c6655'
  pen.fillRect(0, 0, 1280, 12)
  sun(pen)
  plant(pen)
  write(pen, 'La photosynthèse', 80, 120, '700 60px sans-serif')
  const lines = [
    'La feuille prend la lumière,',
    'le gaz carbonique et l’eau.',
    'Elle en fait du sucre.',
  ]
  lines.forEach((line, i) => write(pen, line, 80, 230 + i * 60, '36px sans-serif'))
  write(pen, 'Elle rend l’oxygène.', 80, 410, '36px sans-serif', '#1c6655')
  write(pen, 'Page 42, exercice 3', 80, 640, '28px sans-serif', '#7a7266')
  arrow(pen, '#d08a00', [1010, 190], [905, 290])
  label(pen, 'lumière', 1010, 300)
  arrow(pen, '#5a6472', [640, 330], [760, 350])
  label(pen, 'CO₂', 630, 300)
  arrow(pen, '#1c6655', [930, 400], [1050, 440])
  label(pen, 'O₂', 1070, 460)
  arrow(pen, '#2f6fb0', [850, 690], [850, 590])
  label(pen, 'eau', 880, 670)
}

function sun(pen: CanvasRenderingContext2D): void {
  pen.fillStyle = '#f6c445'
  pen.beginPath()
  pen.arc(1100, 130, 62, 0, 7)
  pen.fill()
  pen.strokeStyle = '#f6c445'
  pen.lineWidth = 10
  pen.lineCap = 'round'
  for (let i = 0; i < 12; i++) {
    const [x, y] = [Math.cos((i * Math.PI) / 6), Math.sin((i * Math.PI) / 6)]
    pen.beginPath()
    pen.moveTo(1100 + x * 82, 130 + y * 82)
    pen.lineTo(1100 + x * 102, 130 + y * 102)
    pen.stroke()
  }
}

function plant(pen: CanvasRenderingContext2D): void {
  pen.fillStyle = '#8a6a4a'
  pen.fillRect(700, 585, 300, 14)
  pen.strokeStyle = '#4f8a4c'
  pen.lineWidth = 14
  pen.beginPath()
  pen.moveTo(850, 585)
  pen.quadraticCurveTo(835, 480, 850, 390)
  pen.stroke()
  leaf(pen, '#6fae63', 850, 350, 150, 66, -0.5)
  leaf(pen, '#82bd72', 775, 470, 84, 38, 0.5)
  leaf(pen, '#82bd72', 915, 500, 78, 34, -0.6)
}

function leaf(
  pen: CanvasRenderingContext2D,
  colour: string,
  x: number,
  y: number,
  long: number,
  wide: number,
  turn: number,
): void {
  pen.save()
  pen.translate(x, y)
  pen.rotate(turn)
  pen.fillStyle = colour
  pen.beginPath()
  pen.moveTo(-long, 0)
  pen.quadraticCurveTo(0, -wide * 2, long, 0)
  pen.quadraticCurveTo(0, wide * 2, -long, 0)
  pen.fill()
  pen.strokeStyle = 'rgb(255 255 255 / 0.7)'
  pen.lineWidth = 4
  pen.beginPath()
  pen.moveTo(-long * 0.9, 0)
  pen.lineTo(long * 0.9, 0)
  pen.stroke()
  pen.restore()
}

type Point = readonly [x: number, y: number]

function arrow(pen: CanvasRenderingContext2D, colour: string, from: Point, to: Point): void {
  const turn = Math.atan2(to[1] - from[1], to[0] - from[0])
  pen.strokeStyle = colour
  pen.lineWidth = 8
  pen.beginPath()
  pen.moveTo(...from)
  pen.lineTo(...to)
  for (const side of [-0.5, 0.5]) {
    pen.moveTo(...to)
    pen.lineTo(to[0] - 24 * Math.cos(turn + side), to[1] - 24 * Math.sin(turn + side))
  }
  pen.stroke()
}

function label(pen: CanvasRenderingContext2D, text: string, x: number, y: number): void {
  write(pen, text, x, y, '600 32px sans-serif')
}

function write(
  pen: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  font: string,
  colour = '#2b2620',
): void {
  pen.fillStyle = colour
  pen.font = font
  pen.fillText(text, x, y)
}
