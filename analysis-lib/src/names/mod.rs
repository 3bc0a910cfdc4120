//! Member id → display name, and channel id → its name.
//!
//! Names come from two files beside the notebook: the original's pickle
//! `names`, or what `NAMES_FILE` says, and on top of it `names.json`, in which
//! [`refresh_names`](crate::refresh_names) keeps what Discord said.

mod file;
mod labels;
mod pickle;
mod privacy;
mod refresh;

use std::collections::BTreeMap;
use std::fmt;

use crate::{Activity, ChannelId, MemberId, Result};
use activity_data::Held;
use activity_data::settings::Settings;
use activity_data::source::sample;

use file::{Entry, Files};
use privacy::Privacy;

pub use refresh::refresh_names;

/// Display names by Discord id, and who is not to be shown.
///
/// ```
/// use analysis_lib::{Activity, Names};
///
/// let activity = Activity::sample()?;
/// let names = Names::load(&activity)?;
/// println!("{}", names.show(activity.members()[0]));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Names {
    /// Everyone known, and every member and channel of the data, by id: Discord gives
    /// each id once.
    members: Held<Vec<Member>>,
    privacy: Held<Privacy>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Member {
    id: MemberId,
    /// What to show, if not hidden.
    label: String,
    is_named: bool,
    is_bot: bool,
}

/// One line, which names nobody: some asked to be hidden.
impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = self.privacy.hidden.len();
        write!(f, "Names({} names, {hidden} hidden)", self.len())
    }
}

impl Default for Names {
    /// No names.
    fn default() -> Self {
        Self::from_iter([] as [(MemberId, String); 0])
    }
}

impl<I: Into<MemberId>> FromIterator<(I, String)> for Names {
    fn from_iter<T: IntoIterator<Item = (I, String)>>(names: T) -> Self {
        let known = names.into_iter();
        let known = known.map(|(id, name)| (id.into(), Entry::named(name)));
        let known = known.collect();
        Self::new(&known, &[], Privacy::default())
    }
}

impl Names {
    fn new(known: &BTreeMap<MemberId, Entry>, ids: &[MemberId], privacy: Privacy) -> Self {
        let ids = known.keys().chain(ids).copied();
        let named = ids.map(|id| (id, known.get(&id).and_then(Entry::visible_name)));
        let named: BTreeMap<_, _> = named.collect();
        let member = |(id, label)| Member {
            id,
            label,
            is_named: named[&id].is_some(),
            is_bot: known.get(&id).is_some_and(|entry| entry.bot),
        };
        Self {
            members: Held::new(labels::distinct(&named).into_iter().map(member).collect()),
            privacy: Held::new(privacy),
        }
    }

    /// The names of the members and channels in this data.
    ///
    /// The sample has its own. Else they are read in the working directory,
    /// which is the notebook's:
    ///
    /// 1. from `NAMES_FILE` (by default `names`, if it is there): the original's
    ///    Python pickle of a dict from id to name, or JSON;
    /// 2. from `names.json`, if it is there, whose names win: Discord was asked
    ///    for them. A `NAMES_FILE` that is JSON stands in for `names.json`;
    /// 3. for members that neither names, from DiscordChatExporter's files, if the
    ///    activity is from these.
    ///
    /// Without either there are no names, and each member is shown by the end
    /// of the id. Prints how many members have a name and from where.
    ///
    /// JSON is an object from id to name, of members and of channels, such as
    /// `{"123456789012345678": "Ann", "234567890123456789": "general"}`, or as
    /// [`refresh_names`](crate::refresh_names) writes it.
    ///
    /// # Errors
    ///
    /// A names file isn't one, or can't be read; `NAMES_FILE` isn't there;
    /// `HIDDEN_MEMBERS` or `HIDE_BOTS` can't be used; `.env` has a broken line.
    pub fn load(activity: &Activity) -> Result<Self> {
        let settings = Settings::load()?;
        let privacy = Privacy::from_settings(&settings)?;
        let has_files = !activity.origin().is_sample();
        let files = has_files.then(|| Files::read(&settings, false));
        Ok(Self::of(activity, files.transpose()?.as_ref(), privacy))
    }

    /// The names in the files, and of others those that came with their messages;
    /// without files, the sample's own. Prints how many have one, and what to do for the
    /// others.
    fn of(activity: &Activity, files: Option<&Files>, privacy: Privacy) -> Self {
        let mut known = files.map_or_else(BTreeMap::new, Files::merged);
        let mut from = "made up like the rest of the sample".to_owned();
        if let Some(files) = files {
            from = files.from(!activity.names_in_files().is_empty());
            for (&id, name) in activity.names_in_files() {
                let entry = known.entry(id).or_default();
                entry.name = entry.visible_name().or(Some(name)).map(str::to_owned);
            }
        } else {
            known.extend(sample::names().map(|(id, name)| (id, Entry::named(name))));
            known.entry(sample::bot()).and_modify(|bot| bot.bot = true);
        }
        let members = activity.members().iter().copied();
        let ids: Vec<MemberId> = members.chain(channel_ids(activity)).collect();
        let names = Self::new(&known, &ids, privacy);
        names.report(activity, &from);
        names
    }

    fn report(&self, activity: &Activity, from: &str) {
        let members = activity.members();
        let named = members.iter().filter(|&&id| self.is_known(id)).count();
        let hidden = match members.iter().filter(|&&id| self.is_hidden(id)).count() {
            0 => String::new(),
            hidden => format!("; {hidden} hidden"),
        };
        let channels = channel_ids(activity).filter(|&id| self.is_known(id));
        let channels = channels.count();
        let and_channels = match activity.channels().len() {
            0 => String::new(),
            all => format!(" and {channels} of {all} channels"),
        };
        let all = members.len();
        println!("Names: {named} of {all} members{and_channels}, {from}{hidden}");
        let others = self.len() - channels;
        if named == 0 && others > 0 {
            println!(
                "  None of these {others} names fits a member of this data: are they another server's, or were ids rounded to end in zeros?"
            );
        }
        if named < all && !activity.origin().is_sample() {
            let whom = if named == 0 { "names" } else { "the others" };
            println!(
                "  For {whom}, ask Discord with `let names = refresh_names(&activity)?;`, or set NAMES_FILE to a file of names."
            );
        }
    }

    /// What to show for a member: the name; with the end of the id where
    /// another member has the same name; `unknown …1234`, with the end of the
    /// id, for a member without a name; `hidden` for one of `HIDDEN_MEMBERS`.
    ///
    /// The name is what a stranger chose: whoever writes it into a page or a
    /// terminal must escape it.
    pub fn show(&self, id: impl Into<MemberId>) -> String {
        let id = id.into();
        if self.is_hidden(id) {
            return "hidden".to_owned();
        }
        match self.member(id) {
            Some(member) => member.label.clone(),
            None => labels::unknown(id),
        }
    }

    /// What to show for a channel: `#` and its name, with the end of the id where
    /// another channel or a member has the same name; `#…1234` for one whose name isn't
    /// known. As of members, the name is what a stranger chose.
    pub fn channel(&self, id: impl Into<ChannelId>) -> String {
        let id = MemberId::from(id.into().get());
        let label = self.member(id).map(|channel| channel.label.clone());
        let label = label.unwrap_or_else(|| labels::unknown(id));
        let sign = if self.is_known(id) { "#" } else { "unknown " };
        format!("#{}", label.trim_start_matches(sign))
    }

    /// The names of the data's channels, in members' place.
    pub(crate) fn of_channels(&self, activity: &Activity) -> Self {
        let channels = activity.channels().iter();
        channels.map(|id| (id.get(), self.channel(id))).collect()
    }

    fn member(&self, id: MemberId) -> Option<&Member> {
        let index = self.members.binary_search_by_key(&id, |member| member.id);
        index.ok().map(|index| &self.members[index])
    }

    /// Whether a name is known.
    fn is_known(&self, id: MemberId) -> bool {
        self.member(id).is_some_and(|member| member.is_named)
    }

    /// Whether Discord said that this is a bot.
    pub fn is_bot(&self, id: impl Into<MemberId>) -> bool {
        self.member(id.into()).is_some_and(|member| member.is_bot)
    }

    /// Whether this member asked not to be shown: listed in `HIDDEN_MEMBERS`.
    pub fn is_hidden(&self, id: impl Into<MemberId>) -> bool {
        self.privacy.hidden.contains(&id.into())
    }

    /// Whether bots are left out of members' figures: `HIDE_BOTS=yes`.
    pub fn hides_bots(&self) -> bool {
        self.privacy.hide_bots
    }

    /// How many names are known, of members and of channels.
    pub fn len(&self) -> usize {
        self.members.iter().filter(|member| member.is_named).count()
    }

    /// Whether no name is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
impl Names {
    /// Names of these bots, with these members hidden.
    pub(crate) fn test<const N: usize>(
        bots: [MemberId; N],
        hidden: impl IntoIterator<Item = MemberId>,
        hide_bots: bool,
    ) -> Self {
        let bot = |id: MemberId| {
            let mut entry = Entry::named(format!("bot {id}"));
            entry.bot = true;
            (id, entry)
        };
        let privacy = Privacy {
            hidden: hidden.into_iter().collect(),
            hide_bots,
        };
        Self::new(&bots.map(bot).into(), &[], privacy)
    }
}

/// The ids of the data's channels.
fn channel_ids(activity: &Activity) -> impl Iterator<Item = MemberId> + '_ {
    activity.channels().iter().map(|id| id.get().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_without_a_name_is_shown_by_the_end_of_the_id() {
        let names = Names::from_iter([(5, "Ann".to_owned()), (6, "\u{200b} ".to_owned())]);
        assert_eq!(names.show(5), "Ann");
        assert_eq!(names.show(6), "unknown …0006");
        assert_eq!(names.show(123_456_789), "unknown …6789");
        assert_eq!(names.len(), 1);
    }

    #[test]
    fn names_for_debugging_name_nobody() {
        let names = Names::from_iter([(5, "Ann".to_owned())]);
        assert_eq!(format!("{names:?}"), "Names(1 names, 0 hidden)");
    }

    #[test]
    fn hidden_members_are_shown_as_hidden() {
        let names = Names::test([5.into()], [5.into(), 6.into()], false);
        assert_eq!(names.show(5), "hidden");
        assert_eq!(names.show(6), "hidden");
        assert_eq!(names.show(7), "unknown …0007");
    }

    #[test]
    fn the_sample_has_names_of_its_own() {
        let activity = Activity::sample().unwrap();
        let names = Names::load(&activity).unwrap();
        let shown = activity.members().iter().map(|&id| names.show(id));
        let unknown = shown.filter(|name| name.starts_with("unknown …")).count();
        let most = crate::aggregate::messages_by_member(&activity)[0].id;
        assert_eq!(names.show(most), "Aster");
        assert!((1..activity.members().len() / 3).contains(&unknown));
        assert_eq!(names.show(sample::bot()), "Weather Vane");
        assert!(names.is_bot(sample::bot()) && !names.is_bot(most));
    }
}
