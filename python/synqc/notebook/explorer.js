// The page's side of an explorer: controls, two buttons, a chart of batches as they come, figures of the last one.

const SVG = 'http://www.w3.org/2000/svg'
const CURVES = [['fidelity', '#2f6fdb'], ['success', '#d9480f']]
const PLACE = {left: 62, right: 12, top: 10, bottom: 34, height: 230}
const WORDS = {ready: 'ready', running: 'running', complete: 'complete', stopped: 'stopped', failed: 'refused'}
const MOVING = new Set(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'PageUp', 'PageDown', ' '])
const WAIT_MS = 150  // a slider that still moves starts nothing

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.append(...children)
  return made
}

function drawn(name, attributes, text = '') {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.textContent = text
  return made
}

function shownValue(control, value) {
  const told = typeof value === 'number' ? String(Number(value.toPrecision(6))) : String(value)
  return control.unit ? `${told} ${control.unit}` : told
}

let numbered = 0

function field(control, model, change) {
  const id = `synqc-control-${numbered += 1}`
  const label = element('label', {for: id, title: control.meaning}, control.name)
  const output = element('output', {for: id})
  let input
  if (control.kind === 'choice') {
    input = element('select', {id}, ...control.choices.map(choice => element('option', {value: choice}, choice)))
  } else if (control.kind === 'flag') {
    input = element('input', {id, type: 'checkbox'})
  } else {
    input = element('input', {id, type: 'range', min: control.low, max: control.high, step: control.step})
  }
  const read = () => control.kind === 'choice' ? input.value : control.kind === 'flag' ? input.checked : Number(input.value)
  const show = () => {
    const value = model.get('settings')[control.name]
    if (control.kind === 'flag') input.checked = value
    else input.value = value
    output.textContent = control.kind === 'number' ? shownValue(control, value) : ''
  }
  input.addEventListener('input', () => {
    if (control.kind === 'number') output.textContent = shownValue(control, read())
    change(control.name, read())
  })
  return {row: element('div', {class: 'synqc-control'}, label, input, output), show}
}

function ticksBetween(low, high, most) {
  const rough = (high - low) / most
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map(factor => factor * power).find(one => one >= rough)
  const first = Math.ceil(low / step - 1e-9)
  const digits = Math.max(0, -Math.floor(Math.log10(step)))
  const found = []
  for (let k = first; k * step <= high + 1e-9 * step; k += 1) found.push([k * step, (k * step).toFixed(digits)])
  return found
}

function chart(points, iterations, width) {
  const {left, right, top, bottom, height} = PLACE
  const picture = drawn('svg', {width, height, viewBox: `0 0 ${width} ${height}`, role: 'img'})
  picture.setAttribute('aria-label', points.length === 0
    ? 'No batch yet.' : `Fidelity and success of ${points.length} of ${iterations} batches.`)
  const ends = points.flatMap(point => CURVES.flatMap(([name]) => {
    const [value, error] = point[name]
    return [value - (error || 0), value + (error || 0)]
  }))
  let low = ends.length ? Math.min(...ends) : 0, high = ends.length ? Math.max(...ends) : 1
  const margin = Math.max((high - low) * 0.08, 1e-4)
  low -= margin
  high += margin
  const x = number => left + (width - left - right) * (iterations > 1 ? number / (iterations - 1) : 0.5)
  const y = value => top + (height - top - bottom) * (high - value) / (high - low)
  for (const [value, word] of ticksBetween(low, high, 4)) {
    picture.append(drawn('line', {x1: left, x2: width - right, y1: y(value), y2: y(value), class: 'synqc-grid'}))
    picture.append(drawn('text', {x: left - 6, y: y(value) + 4, 'text-anchor': 'end'}, word))
  }
  for (const [number] of ticksBetween(1, Math.max(iterations, 2), Math.max(2, Math.min(8, width / 70)))) {
    if (Number.isInteger(number) && number >= 1 && number <= iterations) {
      picture.append(drawn('text', {x: x(number - 1), y: height - bottom + 16, 'text-anchor': 'middle'}, number))
    }
  }
  picture.append(drawn('text', {x: (left + width - right) / 2, y: height - 4, 'text-anchor': 'middle'}, 'batch'))
  for (const [name, colour] of CURVES) {
    points.forEach((point, number) => {
      const [value, error] = point[name]
      if (error > 0) {
        picture.append(drawn('line', {x1: x(number), x2: x(number), y1: y(value - error), y2: y(value + error), stroke: colour}))
      }
      picture.append(drawn('circle', {cx: x(number), cy: y(value), r: 3, fill: colour}))
    })
    const line = points.map((point, number) => `${x(number)},${y(point[name][0])}`).join(' ')
    picture.append(drawn('polyline', {points: line, fill: 'none', stroke: colour, 'stroke-width': 1.5}))
  }
  return picture
}

function render({model, el}) {
  const title = element('strong', {class: 'synqc-title'})
  const state = element('span', {class: 'synqc-state', role: 'status'})
  const start = element('button', {type: 'button'}, 'Run')
  const stop = element('button', {type: 'button'}, 'Stop')
  const problem = element('p', {class: 'synqc-problem', role: 'alert'})
  const legend = element('div', {class: 'synqc-legend'}, ...CURVES.map(([name, colour]) =>
    element('span', {}, element('i', {style: `background:${colour}`}), name)))
  const place = element('div', {class: 'synqc-chart'})
  const figures = element('div', {class: 'synqc-figures'})

  let wanted = {}, timer = null
  const change = (name, value) => {
    wanted[name] = value
    clearTimeout(timer)
    timer = setTimeout(() => {
      model.set('settings', {...model.get('settings'), ...wanted})
      wanted = {}
      model.save_changes()
    }, WAIT_MS)
  }
  const fields = model.get('controls').map(control => field(control, model, change))
  start.addEventListener('click', () => model.send({do: 'start'}))
  stop.addEventListener('click', () => model.send({do: 'stop'}))

  const root = element('div', {class: 'synqc-explorer'},
    element('div', {class: 'synqc-head'}, title, state, start, stop),
    element('div', {class: 'synqc-controls'}, ...fields.map(one => one.row)),
    problem, legend, place, figures)
  el.append(root)
  // Keys that move a slider are its own: JupyterLab hears them at the document and takes them for shortcuts.
  const keep = event => {
    if (root.contains(event.target) && event.target.matches('input, select') && MOVING.has(event.key)) event.stopPropagation()
  }
  window.addEventListener('keydown', keep, true)

  const draw = () => {
    const width = Math.max(240, Math.floor(place.clientWidth))
    place.replaceChildren(chart(model.get('points'), model.get('iterations'), width))
  }
  const tell = () => {
    const running = model.get('state') === 'running'
    title.textContent = model.get('title')
    state.textContent = running
      ? `batch ${model.get('points').length} of ${model.get('iterations')}` : WORDS[model.get('state')]
    start.disabled = running
    stop.disabled = !running
    problem.textContent = model.get('problem')
    problem.hidden = model.get('problem') === ''
  }
  const list = () => figures.replaceChildren(...model.get('figures').map(([name, value]) =>
    element('div', {}, element('div', {class: 'synqc-name'}, name), element('div', {class: 'synqc-value'}, value))))
  const place_controls = () => fields.forEach(one => one.show())
  const listened = [
    ['change:points', () => { draw(); tell() }], ['change:state', tell], ['change:problem', tell], ['change:title', tell],
    ['change:figures', list], ['change:settings', place_controls],
  ]
  for (const [event, hear] of listened) model.on(event, hear)
  const watcher = new ResizeObserver(draw)
  watcher.observe(place)
  tell()
  list()
  place_controls()
  draw()
  return () => {
    clearTimeout(timer)
    watcher.disconnect()
    window.removeEventListener('keydown', keep, true)
    for (const [event, hear] of listened) model.off(event, hear)
  }
}

export default {render}
