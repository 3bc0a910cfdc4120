//! Saving a figure as a picture: builds and starts the program `png`.

use analysis_lib::{Activity, plot};

/// Discord shows PNG, at twice the figure's size.
#[test]
fn a_figure_is_saved_as_a_picture() {
    let file = std::env::temp_dir().join(format!("analysis-lib-{}.png", std::process::id()));
    let activity = Activity::sample().unwrap().last_hours(13);
    plot::online_members(&activity).save(&file).unwrap();
    let picture = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"));
    let number = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
    assert_eq!((number(16), number(20)), (2 * 860, 2 * 430));
}

#[test]
fn a_picture_that_cannot_be_written_says_so() {
    let activity = Activity::sample().unwrap().last_hours(1);
    let error = plot::message_volume(&activity)
        .save("/no/such/folder/volume.png")
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("/no/such/folder/volume.png can't be written: "),
        "{error}"
    );
}
