//! Snapshots written, read again and removed.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::*;
use crate::error::{Error, ErrorKind};

struct Repo {
    folder: tempfile::TempDir,
    repository: Repository,
}

fn origin() -> Origin {
    Origin {
        url: "https://kibana.example.com".into(),
        version: Some("9.1.0".into()),
    }
}

fn rule(id: u32, name: &str) -> String {
    // So much text that 1000 of them fill some objects of a size that is no toy.
    let words: Vec<String> = (0..20)
        .map(|word| format!("word{}", id * 31 % (word + 7)))
        .collect();
    let text = words.join(" ");
    format!(
        "{{\"rule_id\":\"r{id}\",\"name\":\"{name}\",\"type\":\"query\",\"description\":\"{text}\"}}\n"
    )
}

impl Repo {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::open_or_create(folder.path().join("repo")).unwrap();
        Self { folder, repository }
    }

    /// Writes a snapshot of one space with these files.
    fn write(&self, files: &[(&str, Form, &[u8])]) -> Published {
        let mut writer = self.repository.writer().unwrap();
        let snapshot = writer.snapshot(origin()).unwrap();
        let stored = files.iter().map(|(name, form, bytes)| {
            let mut file = snapshot.file("soc", name, *form);
            for piece in bytes.chunks(1000) {
                file.write_all(piece).unwrap();
            }
            file.finish().unwrap()
        });
        let files = stored.collect();
        snapshot.add(StoredSpace {
            space: "soc".into(),
            partial: false,
            left_out: Vec::new(),
            files,
        });
        snapshot.publish().unwrap()
    }

    fn rules(&self, text: &str) -> Published {
        self.write(&[("rules.ndjson", Form::Records, text.as_bytes())])
    }

    fn read(&self, published: &Published, name: &str) -> Vec<u8> {
        let manifest = self.repository.manifest(&published.entry).unwrap();
        let file = manifest.space("soc").unwrap().file(name).unwrap();
        let mut bytes = Vec::new();
        self.repository.read(file).read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// All files in it, with their sizes.
    fn files(&self) -> Vec<(PathBuf, u64)> {
        fn walk(folder: &Path, files: &mut Vec<(PathBuf, u64)>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, files);
                } else {
                    files.push((path.clone(), fs::metadata(&path).unwrap().len()));
                }
            }
        }
        let mut files = Vec::new();
        walk(self.repository.path(), &mut files);
        files.sort();
        files
    }
}

#[test]
fn what_was_written_is_read_byte_for_byte() {
    let repo = Repo::new();
    let files: [&[u8]; 7] = [
        b"",
        b"\n",
        b"{\"rule_id\":\"a\"}",
        b"{\"rule_id\":\"a\"}\r\n\r\n{\"rule_id\":\"a\"}\n{\"rule_id\":\"a\"}\n",
        b"\xef\xbb\xbf{\"rule_id\":\"a\"}\nno JSON\n\xff\xfe\n",
        b"10.0.0.1\n10.0.0.2",
        b"\n\n\n",
    ];
    for form in [Form::Records, Form::Text] {
        for bytes in files {
            // The second time, all of it is known.
            for _ in 0..2 {
                let published = repo.write(&[("f", form, bytes)]);
                assert_eq!(repo.read(&published, "f"), bytes);
            }
        }
    }
}

#[test]
fn what_did_not_change_is_stored_once() {
    let repo = Repo::new();
    let text: String = (0..1000).map(|id| rule(id, "one")).collect();
    let first = repo.rules(&text);
    let files = repo.files().len();
    let same = repo.rules(&text);
    assert_eq!((same.added, repo.files().len()), (0, files + 1));
    let mut lines: Vec<String> = (0..1000).map(|id| rule(id, "one")).collect();
    for id in (7..1000).step_by(100) {
        lines[id as usize] = rule(id, "two");
    }
    lines.swap(3, 500);
    lines.remove(900);
    let changed = repo.rules(&lines.concat());
    assert!(
        changed.added * 20 < first.added,
        "{} of {}",
        changed.added,
        first.added
    );
    assert_eq!(repo.read(&first, "rules.ndjson"), text.as_bytes());
    assert_eq!(repo.read(&same, "rules.ndjson"), text.as_bytes());
    assert_eq!(
        repo.read(&changed, "rules.ndjson"),
        lines.concat().as_bytes()
    );
    let file = &changed.manifest.spaces[0].files[0];
    assert_eq!(
        (
            file.lines,
            file.count(crate::record::Kind::Rule),
            file.objects.len()
        ),
        (999, 999, 2)
    );
}

#[test]
fn equal_files_of_two_spaces_are_stored_once() {
    let repo = Repo::new();
    let mut writer = repo.repository.writer().unwrap();
    let snapshot = writer.snapshot(origin()).unwrap();
    let text: String = (0..10).map(|id| rule(id, "one")).collect();
    for space in ["soc", "dmz"] {
        let mut file = snapshot.file(space, "rules.ndjson", Form::Records);
        file.write_all(text.as_bytes()).unwrap();
        let files = vec![file.finish().unwrap()];
        snapshot.add(StoredSpace {
            space: space.into(),
            partial: false,
            left_out: Vec::new(),
            files,
        });
    }
    let manifest = snapshot.publish().unwrap().manifest;
    let [dmz, soc] = &*manifest.spaces else {
        panic!("{manifest:?}");
    };
    assert_eq!((&*dmz.space, &*soc.space), ("dmz", "soc"));
    assert_eq!(dmz.files, soc.files);
    assert_eq!(repo.files().len(), 2 + 1 + 5 - 1);
}

#[test]
fn text_is_stored_in_pieces() {
    let repo = Repo::new();
    let line = |n: u32| format!("10.{}.{}.{}\n", n >> 16 & 255, n >> 8 & 255, n & 255);
    let text: String = (0..300_000).map(line).collect();
    let first = repo.write(&[("hosts", Form::Text, text.as_bytes())]);
    let file = &first.manifest.spaces[0].files[0];
    assert!(file.objects.len() > 2, "{}", file.objects.len());
    let changed = text.replacen(&line(150_000), "192.0.2.1\n192.0.2.2\n", 1);
    let second = repo.write(&[("hosts", Form::Text, changed.as_bytes())]);
    assert_eq!(repo.read(&second, "hosts"), changed.as_bytes());
    assert_eq!(repo.read(&first, "hosts"), text.as_bytes());
    assert!(
        second.added > 0 && second.added * 2 < first.added,
        "{} of {}",
        second.added,
        first.added
    );
}

#[test]
fn a_snapshot_that_is_given_up_leaves_nothing() {
    let repo = Repo::new();
    let before = repo.files();
    let mut writer = repo.repository.writer().unwrap();
    let snapshot = writer.snapshot(origin()).unwrap();
    let mut file = snapshot.file("soc", "rules.ndjson", Form::Records);
    file.write_all(rule(1, "one").as_bytes()).unwrap();
    file.finish().unwrap();
    let mut file = snapshot.file("soc", "lists.ndjson", Form::Records);
    file.write_all(rule(1, "one").as_bytes()).unwrap();
    drop(file);
    drop(snapshot);
    drop(writer);
    assert_eq!(repo.files(), before);
}

#[test]
fn damage_is_not_built_upon() {
    let repo = Repo::new();
    let text: String = (0..100).map(|id| rule(id, "one")).collect();
    let first = repo.rules(&text);
    let object = first.manifest.spaces[0].files[0].objects[0].object;
    let path = repo.repository.folder.object(object);
    let stored = fs::read(&path).unwrap();
    let mut flipped = stored.clone();
    flipped[100] ^= 1;
    fs::write(&path, flipped).unwrap();
    let second = repo.rules(&text);
    assert_eq!(second.damage.len(), 1, "{:?}", second.damage);
    assert_eq!(repo.read(&second, "rules.ndjson"), text.as_bytes());
    // What was stored again took the place of what was damaged.
    assert_eq!(fs::read(&path).unwrap(), stored);
}

#[test]
fn a_damaged_file_is_an_error_when_read() {
    let repo = Repo::new();
    let published = repo.rules(&rule(1, "one"));
    let mut file = published.manifest.spaces[0].files[0].clone();
    file.sha256 = Digest::of(b"other");
    let error = repo
        .repository
        .read(&file)
        .read_to_end(&mut Vec::new())
        .unwrap_err();
    let error = Error::io("reading", error);
    assert!(matches!(error.kind(), ErrorKind::Damaged { .. }), "{error}");
    fs::remove_file(repo.repository.folder.object(file.objects[0].object)).unwrap();
    let error = repo
        .repository
        .read(&file)
        .read_to_end(&mut Vec::new())
        .unwrap_err();
    assert!(error.to_string().ends_with("is missing"), "{error}");
}

#[test]
fn snapshots_go_with_what_only_they_need() {
    let repo = Repo::new();
    let [a, b, c] = ["one", "two", "three"].map(|name| {
        let text: String = (0..10)
            .map(|id| rule(id, if id == 5 { name } else { "same" }))
            .collect();
        repo.rules(&text)
    });
    let objects = |repo: &Repo| {
        repo.files()
            .iter()
            .filter(|(path, _)| path.to_string_lossy().contains("objects"))
            .count()
    };
    assert_eq!(objects(&repo), 6);
    let mut writer = repo.repository.writer().unwrap();
    let keep = Keep {
        last: 1,
        ..Keep::default()
    };
    let pruning = writer.pruning(&keep).unwrap();
    assert_eq!(pruning.going(), [a.entry, b.entry]);
    let removed = writer.remove(&pruning.going()).unwrap();
    assert_eq!((removed.snapshots, removed.objects), (2, 2));
    assert_eq!(removed.bytes, pruning.frees);
    drop(writer);
    assert_eq!(repo.repository.snapshots().unwrap(), [c.entry]);
    assert_eq!(objects(&repo), 4);
    assert!(
        repo.read(&c, "rules.ndjson")
            .starts_with(b"{\"rule_id\":\"r0\"")
    );
    assert!(repo.folder.path().exists());
}

#[test]
fn nothing_is_removed_while_somebody_reads() {
    let repo = Repo::new();
    let [a, b] = ["one", "two"].map(|name| repo.rules(&rule(1, name)));
    let reader = repo.repository.read(&a.manifest.spaces[0].files[0]);
    let mut writer = repo.repository.writer().unwrap();
    let error = writer.remove(&[a.entry]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Busy { .. }), "{error}");
    drop(reader);
    writer.remove(&[a.entry]).unwrap();
    drop(writer);
    assert_eq!(repo.repository.snapshots().unwrap(), [b.entry]);
}

#[test]
fn the_one_that_is_meant() {
    let repo = Repo::new();
    let choose = |text: &str, space| repo.repository.choose(&text.parse().unwrap(), space, None);
    assert!(choose("latest", None).is_err());
    let [a, b] = ["one", "two"].map(|name| repo.rules(&rule(1, name)).entry);
    assert_eq!(choose("latest", Some("soc")).unwrap().0, b);
    assert_eq!(choose(&a.id(), None).unwrap().0, a);
    assert_eq!(choose(&format!("before:{}", b.began), None).unwrap().0, a);
    let error = choose("latest", Some("dmz")).unwrap_err().to_string();
    assert!(error.contains("that holds the space `dmz`"), "{error}");
    let day = &a.name()[..10];
    let error = choose(day, None).unwrap_err().to_string();
    assert!(
        error.contains("is the beginning of several snapshots"),
        "{error}"
    );
}

#[test]
fn changes_are_told_by_id() {
    let repo = Repo::new();
    let lines = |names: &[(u32, &str)]| -> String {
        names.iter().map(|(id, name)| rule(*id, name)).collect()
    };
    let write = |text: String, hosts: &str| {
        let details = "{\"exported_count\":1}\n".repeat(text.len() % 2 + 1);
        let files = [
            (
                "rules.ndjson",
                Form::Records,
                (text + &details).into_bytes(),
            ),
            ("hosts", Form::Text, hosts.into()),
        ];
        let files: Vec<(&str, Form, &[u8])> = files
            .iter()
            .map(|(name, form, bytes)| (*name, *form, &**bytes))
            .collect();
        repo.write(&files).manifest.spaces.remove(0)
    };
    let a = write(lines(&[(1, "a"), (2, "a"), (3, "a")]), "x");
    let b = write(lines(&[(3, "a"), (2, "new"), (4, "a"), (5, "a")]), "x");
    let c = write(lines(&[(5, "a"), (4, "a"), (2, "new"), (3, "a")]), "y");
    let changes = |before, after| {
        let Changes {
            added,
            removed,
            changed,
        } = repo.repository.changes(before, after).unwrap();
        (added, removed, changed)
    };
    assert_eq!(changes(&a, &b), (2, 1, 1));
    assert_eq!(changes(&b, &a), (1, 2, 1));
    assert_eq!(changes(&b, &c), (0, 0, 1));
    assert_eq!(changes(&a, &a), (0, 0, 0));
}

#[test]
fn what_a_person_put_right_by_hand_is_right() {
    let repo = Repo::new();
    let [a, b] = ["one", "two"].map(|name| repo.rules(&rule(1, name)));
    let faults = || {
        let mut paths = Vec::new();
        let tell = &mut |finding: Finding| {
            paths.push(String::from(finding.path));
            Ok(())
        };
        Verify::default().run(repo.repository.path(), tell).unwrap();
        paths
    };
    // The list is lost.
    let list = repo.repository.folder.at(folder::LISTING);
    fs::remove_file(&list).unwrap();
    assert_eq!(faults(), [folder::LISTING]);
    assert_eq!(repo.repository.snapshots().unwrap(), [a.entry, b.entry]);
    drop(repo.repository.writer().unwrap());
    assert_eq!(faults(), [""; 0]);
    // A snapshot is given up.
    fs::remove_file(a.entry.path(&repo.repository.folder)).unwrap();
    let text = fs::read_to_string(&list).unwrap();
    let rest: Vec<&str> = text.split_inclusive('\n').skip(1).collect();
    fs::write(&list, rest.concat()).unwrap();
    assert_eq!(faults().len(), 2);
    let removed = repo.repository.writer().unwrap().remove(&[]).unwrap();
    assert_eq!((removed.snapshots, removed.objects), (0, 2));
    assert_eq!(faults(), [""; 0]);
    assert_eq!(repo.repository.snapshots().unwrap(), [b.entry]);
}
