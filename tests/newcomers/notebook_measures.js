// What a person would see of the outputs of a notebook: texts that are cut, colours too near to each other, cells that
// a rule of the page has taken for its own.
() => {
  const rgba = text => (text.match(/[\d.]+/g) || []).map(Number)
  const over = (top, below) => {
    const share = top[3] ?? 1
    return [0, 1, 2].map(k => share * top[k] + (1 - share) * below[k])
  }
  const luminance = colour => {
    const [r, g, b] = colour.map(value => {
      const share = value / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const backgroundOf = element => {
    const above = []
    for (let one = element; one; one = one.parentElement) above.push(rgba(getComputedStyle(one).backgroundColor))
    return above.reverse().reduce((below, colour) => colour.length ? over(colour, below) : below, [255, 255, 255])
  }
  const opacityOf = element => {
    let share = 1
    for (let one = element; one; one = one.parentElement) share *= Number(getComputedStyle(one).opacity)
    return share
  }
  const contrastOf = element => {
    const below = backgroundOf(element)
    const colour = rgba(getComputedStyle(element).color)
    const shown = over([...colour.slice(0, 3), (colour[3] ?? 1) * opacityOf(element)], below)
    const [dark, light] = [luminance(shown), luminance(below)].sort((a, b) => a - b)
    return (light + 0.05) / (dark + 0.05)
  }
  const words = element => element.textContent.trim().replace(/\s+/g, ' ').slice(0, 60)
  const cards = [...document.querySelectorAll('[style*="border-radius:8px"], [style*="border-radius: 8px"]')]
    .map(card => {
      const place = card.closest('.jp-OutputArea-output, .output_html, .jp-RenderedHTMLCommon') || card.parentElement
      const box = card.getBoundingClientRect()
      const cells = [...card.querySelectorAll('td, th')]
      return {
        title: words(card.querySelector('b') || card),
        width: box.width,
        outside: box.right - place.getBoundingClientRect().right,
        cut: card.scrollWidth > card.clientWidth + 1 && getComputedStyle(card).overflowX !== 'auto',
        misaligned: cells.filter(cell => !['left', 'start', '-webkit-left'].includes(getComputedStyle(cell).textAlign)).map(words),
        striped: new Set([...card.querySelectorAll('tr')].map(row => getComputedStyle(row).backgroundColor)).size > 1,
        pale: cells.filter(cell => cell.textContent.trim() && contrastOf(cell) < 4.5).map(words),
        badge: [...card.querySelectorAll('span')].map(badge => [words(badge), getComputedStyle(badge).borderTopWidth]),
      }
    })
  const pictures = [...document.querySelectorAll('.js-plotly-plot')].map(picture => {
    const box = picture.getBoundingClientRect()
    const place = (picture.closest('.jp-OutputArea-output') || picture.parentElement).getBoundingClientRect()
    const cut = [...picture.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()])
      .filter(([, text]) => text.width > 0 && (text.right > box.right + 1 || text.left < box.left - 1)).map(([told]) => told)
    return {width: box.width, outside: box.right - place.right, cut}
  })
  const widgets = [...document.querySelectorAll('.synqc-explorer')].map(widget => {
    const box = widget.getBoundingClientRect()
    const parts = [...widget.querySelectorAll('label, output, button, select, input, text, .synqc-name, .synqc-value, .synqc-title')]
      .filter(part => part.getBoundingClientRect().width > 0)
    const cut = parts.filter(part => {
      const here = part.getBoundingClientRect()
      return here.right > box.right + 1 || here.left < box.left - 1 || part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0
    })
    const texts = parts.filter(part => !['INPUT', 'text'].includes(part.tagName) && words(part) && !part.disabled)
    return {
      width: box.width, cut: cut.map(words), pale: texts.filter(part => contrastOf(part) < 4.5).map(words),
      points: widget.querySelectorAll('circle').length, state: words(widget.querySelector('.synqc-state')),
    }
  })
  return {cards, pictures, widgets}
}
