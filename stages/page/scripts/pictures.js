// Thumbnails: kept as text inside the page, made into pictures as they come into view.

const KEPT_CHUNKS = 8;
const MARGIN = "800px";
// Milliseconds of a frame that pictures may take: scrolling goes before them.
const SHARE = 6;
// How many pictures may be on their way, so that no frame has to take in many.
const AT_ONCE = 8;

const index = JSON.parse(document.querySelector("script.index").textContent);
const elements = document.querySelectorAll("script.chunk");
const placeOfName = new Map(index.inside.map((name, place) => [name, place]));
const chunks = new Map();
const addresses = new Map();
const nameOfImage = new WeakMap();
const observers = new Map();

/** Return whether there is a thumbnail of this name, inside the page or beside it. */
export function hasPicture(name) {
  return placeOfName.has(name) || Object.hasOwn(index.files, name);
}

/** Return whether the thumbnail is inside the page: only those have notes. */
export function isInside(name) {
  return placeOfName.has(name);
}

/** Return what is noted of a thumbnail: a job's trace, by column; null if nothing is. */
export function notes(name) {
  return placeOfName.has(name) ? entry(placeOfName.get(name))[1] : null;
}

function entry(place) {
  const number = Math.floor(place / index.chunk);
  const chunk = chunks.get(number) ?? JSON.parse(elements[number].textContent);
  chunks.delete(number);
  chunks.set(number, chunk);
  if (chunks.size > KEPT_CHUNKS) chunks.delete(chunks.keys().next().value);
  return chunk[place % index.chunk];
}

/** Return an address of the thumbnail, to be given back with `release`. */
export function acquire(name) {
  if (!placeOfName.has(name)) return hasPicture(name) ? `${index.folder}/${index.files[name]}` : "";
  const held = addresses.get(name) ?? { url: blobAddress(name), n: 0 };
  held.n += 1;
  addresses.set(name, held);
  return held.url;
}

function blobAddress(name) {
  const text = atob(entry(placeOfName.get(name))[0]);
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: "image/webp" }));
}

/** Give back an address; the last one to do so frees the picture. */
export function release(name) {
  const held = addresses.get(name);
  if (!held || --held.n > 0) return;
  URL.revokeObjectURL(held.url);
  addresses.delete(name);
}

/** Show a thumbnail in an `<img>`, in place of the one that it shows. */
export function show(image, name) {
  const before = nameOfImage.get(image);
  if (before === name) return;
  coming.delete(image);
  const address = name ? acquire(name) : "";
  if (address) image.src = address;
  else image.removeAttribute("src");
  nameOfImage.set(image, name);
  if (before) release(before);
}

/**
 * Show a thumbnail whenever the `<img>` is in view or nearly so, and free it after.
 * @param {HTMLImageElement} image
 * @param {string} name
 * @param {?Element} [root] what scrolls; the window if left out
 */
export function showInView(image, name, root = null) {
  image.dataset.picture = name;
  if (!observers.has(root)) {
    const options = { root, rootMargin: MARGIN };
    observers.set(root, new IntersectionObserver(seen, options));
  }
  observers.get(root).observe(image);
}

// What is to be shown, the last asked for first, and what the browser is fetching.
const waiting = new Map();
const coming = new Set();
let isAsked = false;

/**
 * Show a thumbnail in an `<img>` at one of the next frames, as time allows.
 *
 * Until then it shows nothing: it may have shown another one.
 */
export function showSoon(image, name) {
  if (nameOfImage.get(image) === name) return;
  show(image, null);
  waiting.set(image, name);
  image.dataset.picture = name;
  askForFrame();
}

function askForFrame() {
  if (!isAsked && waiting.size && coming.size < AT_ONCE) requestAnimationFrame(showSome);
  isAsked ||= waiting.size > 0 && coming.size < AT_ONCE;
}

function showSome() {
  isAsked = false;
  const end = performance.now() + SHARE;
  for (const [image, name] of waiting) {
    if (coming.size >= AT_ONCE || performance.now() > end) break;
    waiting.delete(image);
    show(image, name);
    if (!image.complete) coming.add(image);
  }
  askForFrame();
}

function arrived({ target }) {
  if (coming.delete(target)) askForFrame();
}

// Neither event rises to the document: it is heard on its way down.
for (const name of ["load", "error"]) document.addEventListener(name, arrived, { capture: true });

/** Free the thumbnails of all images in an element that goes away. */
export function forget(parent) {
  for (const image of parent.querySelectorAll("img[data-picture]")) {
    waiting.delete(image);
    show(image, null);
  }
  askForFrame();
}

function seen(entries) {
  for (const { target, isIntersecting } of entries) {
    show(target, isIntersecting ? target.dataset.picture : null);
  }
}

/** How many pictures the browser holds for the page; for tests. */
export function heldPictures() {
  return addresses.size;
}
