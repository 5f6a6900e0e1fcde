// Pictures that are searched with and not uploaded. A small copy outlives a reload of the tab, where the browser can make one.

const SIDE = 512;
const kept = new Map();

// Keeps the file and says under which name it is found.
export async function keep(file) {
  const name = crypto.getRandomValues(new Uint32Array(2)).join('');
  const copy = await small(file);
  kept.set(name, copy ?? file);
  if (copy) {
    try {
      sessionStorage.setItem(`sample-${name}`, await dataUrl(copy));
    } catch {
      // No room: the picture is then gone after a reload, and the page says so.
    }
  }
  return name;
}

// The picture, or null if this tab never had it.
export async function find(name) {
  if (!kept.has(name)) {
    const url = sessionStorage.getItem(`sample-${name}`);
    if (url) kept.set(name, blob(url));
  }
  return kept.get(name) ?? null;
}

async function small(file) {
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.min(bitmap.width, bitmap.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    const pen = canvas.getContext('2d');
    pen.fillStyle = '#fff';
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.imageSmoothingQuality = 'high';
    pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    return await new Promise(resolve => canvas.toBlob(resolve, 'image/jpeg', 0.92));
  } catch {
    return null; // a format that the browser does not know and the server may
  }
}

function dataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

function blob(url) {
  const [head, base64] = url.split(',');
  const bytes = Uint8Array.from(atob(base64), each => each.charCodeAt(0));
  return new Blob([bytes], {type: head.slice(5).split(';')[0]});
}
