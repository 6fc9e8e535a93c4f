"""Uploads are what they say or are refused by a sentence, and lie where nobody else reads them."""

import os
import stat

import pytest
from media_doubles import png, wav

from synqc.apps.fir.input.upload import MOST_BYTES, Media, UploadTooLarge, WrongUploadType, check_upload
from synqc.apps.fir.input.upload_folder import UploadFolder, UploadGone, language_of, media_of
from synqc.errors import InputError
from synqc.llm.audio import UnreadableAudio
from synqc.llm.picture import UnreadablePicture

SVG = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>"
JPEG = (
    b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x04\x00\x08\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x12\xff\xd9"
)


@pytest.mark.parametrize(
    ("content", "media", "name", "media_type", "kind"),
    [
        (wav(), Media.AUDIO, "complaint.wav", "audio/x-wav", "wav"),
        (wav(), Media.AUDIO, "", "", "wav"),
        (wav(), Media.AUDIO, "blob", "application/octet-stream", "wav"),
        (wav(), Media.AUDIO, "COMPLAINT.WAV", "audio/wav; codecs=1", "wav"),
        (png(), Media.IMAGE, "page.png", "image/png", "png"),
        (JPEG, Media.IMAGE, "page.jpg", "image/jpeg", "jpeg"),
        (JPEG, Media.IMAGE, "page.png", "image/png", "jpeg"),
    ],
)
def test_what_can_be_read_is_taken_as_its_bytes_say(content, media, name, media_type, kind):
    upload = check_upload(content, media, name=name, media_type=media_type)
    assert (upload.kind, upload.media, upload.content) == (kind, media, content)


@pytest.mark.parametrize(
    ("content", "media", "name", "media_type", "words"),
    [
        (SVG, Media.IMAGE, "photo.png", "image/png", r"must be JPEG or PNG, but begins with b'<\?xml ve'"),
        (png(), Media.IMAGE, "photo.svg", "image/png", r"must end in .jpg, .jpeg, .png, but ends in '.svg'"),
        (png(), Media.IMAGE, "photo.png", "image/svg+xml", r"must be that of JPEG or PNG, but is 'image/svg\+xml'"),
        (b"GIF89a" + bytes(40), Media.IMAGE, "", "", "begins with b'GIF89a"),
        (png(), Media.AUDIO, "a.wav", "audio/wav", "must be WAV or MP3, but begins with"),
        (b"OggS" + bytes(40), Media.AUDIO, "a.ogg", "audio/ogg", "ends in '.ogg'"),
        (b"\x1aE\xdf\xa3" + bytes(40), Media.AUDIO, "a.wav", "audio/webm", "is 'audio/webm'"),
        (JPEG, Media.AUDIO, "", "", "must be WAV or MP3"),
        (b"RIFF1234AVI " + bytes(40), Media.AUDIO, "", "", "must be WAV or MP3"),
        (wav(), Media.AUDIO, "a.wav." + "x" * 300, "", r"ends in '.x{59}'"),
    ],
)
def test_another_type_is_refused_by_name_by_type_and_by_bytes(content, media, name, media_type, words):
    with pytest.raises(WrongUploadType, match=words):
        check_upload(content, media, name=name, media_type=media_type)


def test_the_largest_is_taken_and_one_byte_more_is_not():
    largest = wav(1) + bytes(MOST_BYTES - len(wav(1)))  # further chunks of a RIFF file are skipped
    assert check_upload(largest, Media.AUDIO).kind == "wav"
    with pytest.raises(UploadTooLarge, match="must have at most 26,214,400 bytes, but has 26,214,401"):
        check_upload(largest + b"\0", Media.AUDIO)


@pytest.mark.parametrize(
    ("content", "media", "error", "words"),
    [
        (b"", Media.IMAGE, InputError, "is an empty file"),
        (wav()[:-100], Media.AUDIO, UnreadableAudio, "is cut"),
        (wav(seconds=0), Media.AUDIO, UnreadableAudio, "is empty"),
        (png()[:-12], Media.IMAGE, UnreadablePicture, "is cut"),
        (png(100_000, 100_000), Media.IMAGE, UnreadablePicture, "more than 40000000 in all"),
    ],
)
def test_what_is_cut_empty_or_unpacks_to_too_much_is_refused_before_anything_decodes_it(content, media, error, words):
    with pytest.raises(error, match=words):
        check_upload(content, media)


class TestFolder:
    @pytest.fixture
    def folder(self, tmp_path):
        return UploadFolder(tmp_path / "uploads")

    def test_an_upload_is_kept_private_and_removed_without_a_trace(self, folder):
        place = folder.keep(check_upload(wav(), Media.AUDIO, name="../../etc/passwd.wav"), language="hi-IN")
        assert (language_of(place), media_of(place)) == ("hi", Media.AUDIO)
        assert folder.read(place) == wav()
        assert "passwd" not in place
        assert stat.S_IMODE((folder.path / place).stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
        assert folder.remove(place)
        assert not folder.remove(place)
        assert list(folder.path.iterdir()) == []
        with pytest.raises(UploadGone, match="upload it again"):
            folder.read(place)

    @pytest.mark.parametrize("place", ["../secret", "/etc/passwd", "", "a" * 32 + "-en.wav/../x", "a" * 32 + ".wav"])
    def test_a_place_leads_nowhere_else(self, folder, place):
        for use in (folder.read, folder.remove, language_of, media_of):
            with pytest.raises(InputError, match="must be one that `keep` returned"):
                use(place)

    @pytest.mark.parametrize("language", ["", "english", "e/", "12"])
    def test_a_language_is_a_code(self, folder, language):
        with pytest.raises(InputError, match="must be a code such as en or hi-IN"):
            folder.keep(check_upload(png(), Media.IMAGE), language=language)
        assert not folder.path.exists()

    def test_what_no_session_waits_for_is_removed_once_it_is_old(self, folder):
        assert folder.remove_others((), older_than_s=0) == 0
        upload = check_upload(png(), Media.IMAGE)
        wanted, left, new = (folder.keep(upload) for _ in range(3))
        (folder.path / "a file of somebody else").touch()
        for place in (wanted, left, "a file of somebody else"):
            os.utime(folder.path / place, (1000, 1000))
        assert folder.remove_others({wanted}, older_than_s=3600) == 1
        assert {one.name for one in folder.path.iterdir()} == {wanted, new, "a file of somebody else"}

    def test_a_disk_that_is_full_leaves_nothing_behind(self, folder, monkeypatch):
        def full(descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            folder.keep(check_upload(png(), Media.IMAGE))
        assert list(folder.path.iterdir()) == []
