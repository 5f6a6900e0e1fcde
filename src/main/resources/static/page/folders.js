// What was dropped, with all that is in its folders.

// Calls `found(files)` again and again with some `{file, name}`. Hidden files are left out. Has to be called in the event itself.
export async function walk(transfer, found) {
  const entries = [...transfer.items].filter(item => item.kind === 'file').map(item => item.webkitGetAsEntry?.() ?? item.getAsFile());
  let hasFolder = false;
  for (const entry of entries) {
    if (!entry) continue;
    if (entry instanceof File) found([{file: entry, name: entry.name}], false);
    else if (entry.isFile) found([await toFile(entry)], false);
    else {
      hasFolder = true;
      await walkFolder(entry, found);
    }
  }
  return hasFolder;
}

async function walkFolder(folder, found) {
  const reader = folder.createReader();
  for (;;) {
    // A browser gives a hundred at a time, and none at the end.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)).catch(() => []);
    if (some.length === 0) return;
    const seen = some.filter(entry => !entry.name.startsWith('.'));
    const files = await Promise.all(seen.filter(entry => entry.isFile).map(entry => toFile(entry).catch(() => null)));
    found(files.filter(Boolean), true);
    for (const entry of seen) if (entry.isDirectory) await walkFolder(entry, found);
  }
}

function toFile(entry) {
  return new Promise((resolve, reject) => entry.file(file => resolve({file, name: entry.fullPath.replace(/^\//, '')}), reject));
}
