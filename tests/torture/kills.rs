//! Killed at random moments and (in builds with the feature `failpoints`) at every named step; the database held by
//! another process; the disk full.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use mailtally::work::failpoint::STEPS;

use crate::scene::{Chance, PATIENCE, Scene, account, asked, calm, kill, recorded, terminate};
use crate::support::exim::Exim;
use crate::support::process::{is_root, run};
use crate::table::{self, Figures};

/// Mails that arrive between two kills.
const A_ROUND: usize = 4;

#[tokio::test]
async fn killed_at_any_moment_nothing_is_lost_and_nothing_doubled() {
    if !Exim::is_possible() {
        return;
    }
    let kills = asked("TORTURE_KILLS", 12);
    let scene = Scene::with(kills * A_ROUND);
    let office = scene.office();
    let mut chance = Chance(20_210_810);
    let mut ended_at_a_step = 0;
    for (round, mails) in scene.mails.chunks(A_ROUND).enumerate() {
        scene.deliver(mails);
        let at_a_step = cfg!(feature = "failpoints") && round % 2 == 0;
        if at_a_step {
            let step = format!("{}:{}", STEPS[(round / 2) % STEPS.len()], 1 + chance.below(3));
            let mut daemon = office.started_with(&[("MAILTALLY_END_AT", &step)]);
            let begun = Instant::now();
            while daemon.try_wait().unwrap().is_none() && begun.elapsed() < Duration::from_secs(4) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            ended_at_a_step += usize::from(daemon.try_wait().unwrap().is_some());
            kill(&mut daemon);
        } else {
            let mut daemon = office.started_with(&[]);
            tokio::time::sleep(Duration::from_millis(30 + chance.below(900))).await;
            kill(&mut daemon);
        }
    }
    if cfg!(feature = "failpoints") && kills >= 100 {
        assert!(ended_at_a_step * 4 >= kills, "the steps are reached: {ended_at_a_step} of {kills}");
    }
    let mut daemon = office.started_with(&[]);
    calm(&scene, &office, &mut daemon).await;
    terminate(&mut daemon);
    // A mail that was begun again and again when the process died is set aside as if it had ended it: it waits for a
    // person, and is made good by judging it again.
    let set_aside = office.done(&["review", "list"]).lines().count();
    office.done(&["--now", "2021-08-12T23:00:00+08:00", "reread", "--apply"]);
    let mut daemon = office.started_with(&[]);
    calm(&scene, &office, &mut daemon).await;
    terminate(&mut daemon);
    let account = account(&scene, &office).await;
    table::note(
        "killed",
        &Figures::of(account)
            .with("kills", kills)
            .with("at a named step", ended_at_a_step)
            .with("judged again", set_aside),
    );
}

/// Another process writes and takes its time, once longer than the program waits.
#[tokio::test]
async fn a_database_that_others_hold_delays_and_loses_nothing() {
    if !Exim::is_possible() {
        return;
    }
    let scene = Scene::with(40);
    let office = scene.office();
    let mut daemon = office.started_with(&[]);
    let (first, second) = scene.mails.split_at(20);
    scene.deliver(first);
    let begun = Instant::now();
    while recorded(&office, scene.offset).await < 5 {
        assert!(begun.elapsed() < PATIENCE, "no mail was recorded");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(office.storage().join("mailtally.sqlite"));
    let other = sqlx::SqlitePool::connect_with(options.busy_timeout(Duration::from_secs(30))).await.unwrap();
    for (round, mails) in second.chunks(5).enumerate() {
        let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
        scene.deliver(mails);
        tokio::time::sleep(Duration::from_millis(if round == 1 { 12_000 } else { 1_500 })).await;
        held.rollback().await.unwrap();
    }
    other.close().await;
    calm(&scene, &office, &mut daemon).await;
    terminate(&mut daemon);
    table::note("database held", &Figures::of(account(&scene, &office).await));
}

/// A small file system of its own, as the storage.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this machine does not let us mount one.
    fn at(folder: PathBuf, size: &str) -> Option<Self> {
        std::fs::create_dir_all(&folder).unwrap();
        let options = format!("size={size},mode=0700");
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&folder).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }

    fn grow(&self, size: &str) {
        run(Command::new("mount").args(["-o", &format!("remount,size={size}")]).arg(&self.0));
    }

    fn is_full(&self) -> bool {
        let said = run(Command::new("df").args(["--output=avail", "-k"]).arg(&self.0));
        said.lines().nth(1).unwrap().trim().parse::<u64>().unwrap() < 64
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_delays_and_loses_nothing() {
    if !Exim::is_possible() {
        return;
    }
    let scene = Scene::with(60);
    let office = scene.office();
    let disk = if is_root() { SmallDisk::at(office.storage(), "1m") } else { None };
    let Some(disk) = disk else {
        // Containers often may not mount; nothing else fills a disk without harm to others.
        println!("left out: a file system of its own cannot be mounted here");
        return;
    };
    scene.deliver(&scene.mails);
    let mut daemon = office.started_with(&[]);
    let begun = Instant::now();
    while !disk.is_full() {
        assert!(begun.elapsed() < PATIENCE, "the disk never filled up:\n{}", office.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // It goes on trying on the full disk; killed there, it starts there again.
    tokio::time::sleep(Duration::from_secs(4)).await;
    kill(&mut daemon);
    let mut daemon = office.started_with(&[]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(recorded(&office, scene.offset).await < scene.mails.len(), "not all of it fits");
    disk.grow("64m");
    if daemon.try_wait().unwrap().is_some() {
        // It may say that it cannot start on a full disk; the service manager starts it again.
        daemon = office.started_with(&[]);
    }
    calm(&scene, &office, &mut daemon).await;
    terminate(&mut daemon);
    let told = office.log().matches("letter sent letter=alert/disk/").count();
    assert!(told <= 1, "one alert a day: {}", office.log());
    table::note("disk full", &Figures::of(account(&scene, &office).await));
    drop(disk);
}
